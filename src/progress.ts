/** What a long computation counts: rows of J, blocks of a kernel, batches, … */
export type Stage =
  | 'forward'
  | 'evaluation'
  | 'rows'
  | 'kernel'
  | 'eigenvalues'
  | 'batches'
  | 'elements'
  | 'repeats'
  | 'candidates'
  | 'cells';

/**
 * How far a computation is. It may have several stages, one after another; in each `done` grows, and is `of` at the end.
 */
export interface Progress {
  readonly done: number;
  readonly of: number;
  /** What is counted. */
  readonly stage: Stage;
}

/** What may be ended. */
export interface Abortable {
  /** Ends the computation: its promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a long computation heeds and reports. */
export interface RunOptions extends Abortable {
  /** Called as the computation advances. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Reports the progress of one of several parts as that of the whole, of which `before` is done when the part begins. */
export function partOf(onProgress: RunOptions['onProgress'], before: number, of: number): RunOptions['onProgress'] {
  return onProgress && (({ done, stage }) => onProgress({ done: before + done, of, stage }));
}
