/** An error in one line; hidden while there is none. */
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
