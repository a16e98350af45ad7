import { busy, frameRate, playing, restart, stepOnce, togglePlaying, view } from './computing.ts';
import { SPEEDS, state, update } from './link.ts';

/** Play, step, restart, speed, and the current step. */
export function Transport() {
  const { speed } = state.value;
  const step = view.value?.frame.step ?? 0;
  const steps = speed === 1 ? '1 step' : `${speed} steps`;
  return (
    <section class="transport" aria-label="Training controls">
      <button type="button" class="play" onClick={togglePlaying} disabled={!view.value && !busy.value}>
        <span aria-hidden="true">{playing.value ? '❚❚' : '▶'}</span> {playing.value ? 'Pause' : 'Train'}
      </button>
      <button
        type="button"
        class="secondary outline"
        onClick={stepOnce}
        disabled={!view.value || view.value.frame.diverged}
      >
        {steps}
      </button>
      <button type="button" class="secondary outline" onClick={restart} disabled={!view.value}>
        Restart
      </button>
      <label>
        <span class="sr-only">Speed</span>
        <select value={String(speed)} onChange={({ currentTarget }) => update({ speed: Number(currentTarget.value) })}>
          {[...new Set([...SPEEDS, speed])]
            .toSorted((a, b) => a - b)
            .map((value) => (
              <option key={value} value={String(value)}>
                {value === 1 ? '1 step' : `${value} steps`} per frame
              </option>
            ))}
        </select>
      </label>
      <p class="step">
        step <output data-testid="step">{step.toLocaleString('en')}</output>
        {playing.value && frameRate.value > 0 && (
          <span class="muted small"> {Math.round(frameRate.value)} frames/s</span>
        )}
        {busy.value && <span class="muted small"> preparing …</span>}
      </p>
    </section>
  );
}
