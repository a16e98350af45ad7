import { batch, effect, signal } from '@preact/signals';
import { type Moment, withMoment } from './history.ts';
import { settings, state } from './link.ts';
import type { Curve, Frame, RunDescription, RunSettings } from './run.ts';
import { Thread } from '../../thread.ts';
import type { TrainingWorker } from './worker.ts';

// What the room shows follows its link: whenever a setting changes, a run begins in the worker. Frames are drawn as
// fast as they are computed, at most one for each refresh of the screen.

const thread = new Thread<TrainingWorker>(
  () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
);

/** What is shown: a run, its current frame, and its history. */
export interface View {
  readonly settings: RunSettings;
  readonly description: RunDescription;
  readonly frame: Frame;
  readonly history: readonly Moment[];
}

export const view = signal<View | undefined>(undefined);

/** The same a few times a second, for numbers and text. */
export const slowView = signal<View | undefined>(undefined);

export const playing = signal(false);

/** Whether a run is being prepared. */
export const busy = signal(false);

/** Why there is no run, in one line. */
export const failure = signal<string | undefined>(undefined);

/** Frames per second, while it plays. */
export const frameRate = signal(0);

const SLOWLY = 250;
let shownAt = 0;

function show(next: View): void {
  const now = performance.now();
  const isSlow = !playing.peek() || next.history.length < 2 || now - shownAt > SLOWLY;
  if (isSlow) shownAt = now;
  batch(() => {
    view.value = next;
    if (isSlow) slowView.value = next;
  });
}

const picture = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));

/** Counts the runs: results of an earlier run are discarded. */
let run = 0;

async function begin(next: RunSettings): Promise<void> {
  const own = ++run;
  busy.value = true;
  try {
    const started = await thread.call((worker) => worker.start(next));
    if (own !== run || !started) return;
    const { description, frame } = started;
    batch(() => {
      [failure.value, busy.value] = [undefined, false];
      show({ settings: next, description, frame, history: withMoment([], frame) });
    });
    inTurn(own, () => playOn(own));
  } catch (error) {
    fail(own, error);
  }
}

function fail(own: number, error: unknown): void {
  if (own !== run) return;
  batch(() => {
    [failure.value, busy.value, playing.value] = [`training: ${(error as Error).message}`, false, false];
    // A run with other settings is a different run.
    if (view.peek()?.settings !== settings.peek()) [view.value, slowView.value] = [undefined, undefined];
  });
}

/** What was drawn already stays the same object: it is not drawn again. */
function withDrawn(frame: Frame, before: Frame): Frame {
  if (frame.drawn !== before.drawn) return frame;
  return {
    ...frame,
    real: { ...frame.real, field: before.real.field },
    linearised: { ...frame.linearised, field: before.linearised.field },
    infinite: frame.infinite && before.infinite && { ...before.infinite, ...errorOf(frame.infinite) },
  };
}

const errorOf = ({ meanSquaredError }: Curve) => ({ meanSquaredError });

/** Shows one more frame. @returns whether there was one */
function follow(own: number, frame: Frame | undefined): boolean {
  const before = view.peek();
  if (own !== run || !frame || !before) return false;
  if (frame.diverged) playing.value = false;
  show({ ...before, frame: withDrawn(frame, before.frame), history: withMoment(before.history, frame) });
  return true;
}

/** The run after the steps between two frames. */
const advanced = (isPlaying: boolean) => thread.call((worker) => worker.advance(state.peek().speed, isPlaying));

/** The run where it is. */
const present = () => thread.call((worker) => worker.advance(0));

async function playOn(own: number): Promise<void> {
  if (!playing.peek()) return;
  let [start, count] = [performance.now(), 0];
  let next = advanced(true);
  for (;;) {
    const frame = await next;
    const goesOn = playing.peek() && own === run && frame?.diverged === false;
    if (goesOn) {
      // The next frame is computed while this one is drawn.
      next = advanced(true);
      next.catch(() => {}); // reported when its turn comes
    }
    if (!follow(own, frame)) return;
    if (!goesOn) {
      // What is looked at while it stands is of the step that it stands at.
      if (frame!.drawn < frame!.step) follow(own, await present());
      return;
    }
    await picture();
    count += 1;
    const elapsed = performance.now() - start;
    if (elapsed > 1000) {
      frameRate.value = (1000 * count) / elapsed;
      [start, count] = [performance.now(), 0];
    }
  }
}

let last: Promise<void> = Promise.resolve();

/** One request at a time, as long as the run is the newest. */
function inTurn(own: number, work: () => Promise<void>): void {
  last = last.then(() => (own === run ? work() : undefined)).catch((error: unknown) => fail(own, error));
}

/** Continues or pauses. A run that has diverged restarts. */
export function togglePlaying(): void {
  playing.value = !playing.peek();
  if (!playing.peek()) return;
  if (view.peek()?.frame.diverged) restart();
  else if (!busy.peek()) inTurn(run, () => playOn(run));
}

/** Pauses. */
export function pause(): void {
  playing.value = false;
}

/** Takes the steps between two frames. */
export function stepOnce(): void {
  pause();
  const own = run;
  inTurn(own, async () => void follow(own, await advanced(false)));
}

/** Back to the first step. */
export function restart(): void {
  void begin(settings.peek());
}

effect(() => void begin(settings.value));
