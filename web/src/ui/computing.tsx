/** That something is being computed, and how much of it is done where that is known. Its place is kept free. */
export function Computing({ busy, share }: { readonly busy: boolean; readonly share?: number | undefined }) {
  return (
    <div class="progress-line">
      {busy && (
        <>
          <progress aria-label="Computing κ" max={1} {...(share === undefined ? {} : { value: share })} />
          <span class="muted small">{share === undefined ? 'computing' : `${Math.round(100 * share)} %`}</span>
        </>
      )}
    </div>
  );
}
