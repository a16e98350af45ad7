/** That something is being computed, how much of it is done where that is known, and a way to end it. Its place is kept free. */
export function Computing({
  busy,
  share,
  onStop,
}: {
  readonly busy: boolean;
  /** From 0 to 1; nothing is known of it where it is left out. */
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
