import { Presets, SingleBar } from 'cli-progress';

/** Reports how far a command is. */
export interface Progress {
  update(done: number, label: string): void;
  stop(): void;
}

/** How often progress is printed where there is no terminal. */
const LINE_SECONDS = 30;

/** A progress bar on stderr when that is a terminal; otherwise a line now and then, for those who wait longer. */
export function progressBar(total: number): Progress {
  if (!process.stderr.isTTY) return progressLines(total);
  const options = {
    stream: process.stderr,
    format: '{bar} {percentage}% · {label} · {eta_formatted} left',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    gracefulExit: false, // below, for every way to end
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0, { label: '' });
  const stop = () => {
    process.off('exit', stop);
    bar.stop(); // shows the cursor again, and lets lines wrap
  };
  process.on('exit', stop);
  return { update: (done, label) => bar.update(done, { label }), stop };
}

/** Time left is what has passed, times what is left of the work over what was done since the first update. */
function progressLines(total: number): Progress {
  let first: { readonly at: number; readonly done: number } | undefined;
  let told = performance.now();
  return {
    update(done, label) {
      const now = performance.now();
      first ??= { at: now, done };
      if (now - told < 1000 * LINE_SECONDS) return;
      told = now;
      const rate = (done - first.done) / (now - first.at);
      const left = rate > 0 ? `, about ${duration((total - done) / rate / 1000)} left` : '';
      process.stderr.write(`${Math.floor((100 * done) / total)}% · ${label}${left}\n`);
    },
    stop: () => undefined,
  };
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
