import type { Mode } from '../nn/index.ts';
import { InputError } from '../tensor/index.ts';
import type { RegionBatchSize } from './constants.ts';
import type { TieRule } from './ranking.ts';
import type { SpaceName } from './space.ts';

/**
 * Which TE-NAS is computed: the one its `paper` describes, or the one its published `code` is. They differ in
 *
 * - weights. Paper: Kaiming normal, fan-out for κ and fan-in for regions, drawn anew in every repeat. Code: the name of its
 *   initialisation is one that its own `init_model` does not know, so PyTorch's default stays, drawn once a round for κ
 *   and once a candidate for regions;
 * - κ that rounding has swallowed. Paper: the largest κ that is certain (λmax over the noise floor), and one without
 *   bound where Θ is zero or indefinite. Code: the computed number, negative ones included, NaN as 100000;
 * - ties. Paper: scores that are equal after rounding share a rank. Code: sorted by rounded scores, but only bitwise equal
 *   ones share a rank, so that the order of enumeration decides between the others;
 * - rounding. Paper: correctly rounded decimals. Code: NumPy's rounding of κ's changes and of scores, see
 *   {@link numpyRound}; Python's, which is correct, of the changes of region counts;
 * - what the edges into a node are compared with. Paper: the network as it is. Code: κ of the network before any edge
 *   was removed.
 */
export type Fidelity = (typeof FIDELITIES)[number];

/** All values of {@link Fidelity}. */
export const FIDELITIES = ['paper', 'code'] as const;

/** Which measurements are ranked. */
export type Criteria = (typeof CRITERIA)[number];

/** All values of {@link Criteria}. */
export const CRITERIA = ['both', 'kappa', 'regions'] as const;

/** Everything that the result of a search depends on. */
export interface SearchSettings {
  readonly space: SpaceName;
  readonly fidelity: Fidelity;
  readonly criteria: Criteria;
  /** Whether all candidates of a round see the same weights and images, so that they share one measurement of the
   * network they are compared with. */
  readonly paired: boolean;
  readonly seed: number;
  /** Where the images are from. */
  readonly data: string;
  readonly classes: number;
  /** Images of a κ. */
  readonly batchSize: number;
  readonly repeats: number;
  /** Operations that an edge loses in a round. */
  readonly pruneNumber: number;
  /** Decimals of relative changes, and significant digits by which they are ranked. */
  readonly digits: number;
  readonly regions: RegionBatchSize;
  readonly backend: string;
  readonly dtype: string;
}

/** TE-NAS's settings for CIFAR-10; for ImageNet its DARTS search has batch size 24 and prunes 2. */
export const TE_NAS_SETTINGS: Readonly<Record<SpaceName, Pick<SearchSettings, 'batchSize' | 'pruneNumber'>>> = {
  'nas-bench-201': { batchSize: 72, pruneNumber: 1 },
  darts: { batchSize: 14, pruneNumber: 3 },
};

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

/** How a fidelity ties. */
export const TIES: Readonly<Record<Fidelity, TieRule>> = { paper: 'rounded', code: 'exact' };

/**
 * Makes sure that a search goes on with the settings it began with.
 *
 * @param where names the saved search in messages.
 * @throws InputError when a setting differs, which it names.
 *
 * @example
 * try {
 *   requireSameSettings({ seed: 0, repeats: 3 }, { seed: 1, repeats: 3 }, 'found/search.json');
 * } catch (error) {
 *   console.log((error as Error).message); // found/search.json: started with different settings: seed: expected 0, got 1
 * }
 */
export function requireSameSettings(saved: object, now: object, where: string): void {
  const before = saved as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(now)) {
    if (JSON.stringify(before[key]) !== JSON.stringify(value)) {
      throw new InputError(
        `${where}: started with different settings: ${key}: expected ${JSON.stringify(before[key])}, got ${JSON.stringify(value)}`,
      );
    }
  }
}
