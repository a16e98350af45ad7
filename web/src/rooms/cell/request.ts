import type { CertifiedNtk, Contribution, Ntk } from 'ntkit/ntk';
import type { BackendName } from '../../backendNames.ts';

/** The backends of the room. */
export const BACKENDS = ['wasm', 'webgl2', 'webgpu'] as const satisfies readonly BackendName[];

/** One of {@link BACKENDS}. */
export type CellBackend = (typeof BACKENDS)[number];

/** The κ that is asked for; what `ntkit score` computes with the same settings. */
export interface Request {
  /** The cell, as NAS-Bench-201 writes it. */
  readonly arch: string;
  /** C, the channels of the first stage. */
  readonly channels: number;
  /** N, the cells in each of the three stages. */
  readonly cells: number;
  readonly batch: number;
  readonly init: 'paper' | 'code';
  readonly mode: 'train' | 'eval';
  readonly seed: number;
  readonly backend: CellBackend;
  /** Counts the sets of pictures that were dropped in; 0 for CIFAR-10's images. */
  readonly pictures: number;
}

/** The images of a batch, for display. */
export interface BatchView {
  readonly pictures: readonly ImageData[];
  /** `image 3 (frog)`. */
  readonly names: readonly string[];
}

/** κ, as soon as it is there. */
export interface Result {
  readonly request: Request;
  readonly ntk: Ntk;
  readonly view: BatchView;
  /** What computed it. */
  readonly device: string;
  /** From the request to κ, in seconds. */
  readonly seconds: number;
}

/** What takes longer than κ and follows it. */
export interface Details {
  readonly contributions: readonly Contribution[];
  /** Follows the contributions. */
  readonly certified?: CertifiedNtk;
}
