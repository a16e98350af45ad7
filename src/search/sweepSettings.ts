import type { Mode } from '../nn/index.ts';
import type { RegionBatchSize } from './batches.ts';
import type { Fidelity } from './settings.ts';

/** Everything that a cell's measurements depend on, beside the cell. */
export interface SweepSettings {
  readonly data: string;
  /** Channels C of the first stage. */
  readonly channels: number;
  /** Cells N of each stage. */
  readonly cells: number;
  readonly classes: number;
  readonly batchSize: number;
  readonly repeats: number;
  readonly mode: Mode;
  readonly init: Fidelity;
  readonly seed: number;
  readonly regions: RegionBatchSize;
  readonly backend: string;
  readonly dtype: string;
}
