/** What is wrong, in one line; nothing where nothing is. */
export function ErrorLine({
  message,
  onRetry,
}: {
  readonly message: string | undefined;
  /** Tries again what has failed, where that may help. */
  readonly onRetry?: (() => void) | undefined;
}) {
  return (
    <div role="alert" class="error-line" hidden={message === undefined}>
      {message}
      {message !== undefined && onRetry && (
        <button type="button" class="quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
