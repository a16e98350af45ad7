/**
 * Shows that something is being computed, its progress where that is known, and a button to stop it. Its space is
 * reserved.
 */
export function Computing({
  busy,
  share,
  onStop,
}: {
  readonly busy: boolean;
  /** From 0 to 1; omitted where it is unknown. */
  readonly share?: number | undefined;
  readonly onStop: () => void;
}) {
  return (
    <div class="progress-line">
      {busy && (
        <>
          <progress aria-label="Computing κ" max={1} {...(share === undefined ? {} : { value: share })} />
          <span class="muted small">{share === undefined ? 'computing' : `${Math.round(100 * share)} %`}</span>
          <button type="button" class="quiet" onClick={onStop}>
            Stop
          </button>
        </>
      )}
    </div>
  );
}
