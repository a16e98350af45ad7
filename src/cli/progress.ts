import { Presets, SingleBar } from 'cli-progress';

/** Reports how far a command is. */
export interface Progress {
  update(done: number, label: string): void;
  stop(): void;
}

/** A progress bar on stderr when that is a terminal; otherwise nothing. */
export function progressBar(total: number): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const options = {
    stream: process.stderr,
    format: '{bar} {percentage}% · {label} · {eta_formatted} left',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0, { label: '' });
  return { update: (done, label) => bar.update(done, { label }), stop: () => bar.stop() };
}
