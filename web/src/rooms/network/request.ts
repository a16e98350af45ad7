import type { CertifiedNtk, Contribution, Grouping, KernelOutputs, Ntk } from 'ntkit/ntk';
import type { BackendName, Precision } from '../../backendNames.ts';

// What passes between the room and its workers.

/** Where a batch comes from: the file, standard normal numbers, the page's images, or dropped files. */
export const SOURCES = ['file', 'normal', 'sample', 'dropped'] as const;

/** One of {@link SOURCES}. */
export type Source = (typeof SOURCES)[number];

/** Files that were chosen together: the network first, then its external data. */
export interface NetworkFiles {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly beside: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** A layer with its parameters. */
export interface LayerView {
  readonly name: string;
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The number of their elements. */
  readonly numbers: number;
}

/** What is in a file. */
export interface Inventory {
  /** Counts the files that were opened, so that a request names the file that it is about. */
  readonly opened: number;
  readonly file: string;
  readonly bytes: number;
  readonly format: 'ONNX model' | 'case';
  /** Label and value, in order. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly layers: readonly LayerView[];
  readonly parameters: number;
  /** How many of them belong to names with `weight`. */
  readonly weights: number;
  /** The shape of one sample; undefined where the file leaves it open. */
  readonly sample: readonly number[] | undefined;
  /** The number of samples in the file. */
  readonly ownBatch: number;
  /** What the file asks for. */
  readonly mode: 'train' | 'eval';
  /** Outputs per sample, where the number is known. */
  readonly outputs: number | undefined;
}

/** A batch, as it is asked for. */
export interface BatchRequest {
  readonly source: Source;
  /** The number of samples: the first ones of dropped files and of the file's own batch. */
  readonly size: number;
  readonly seed: number;
  /** Counts the drops. */
  readonly dropped: number;
}

/** A kernel, as it is asked for. */
export interface KernelRequest {
  readonly opened: number;
  readonly batch: BatchRequest;
  readonly mode: 'train' | 'eval';
  readonly outputs: KernelOutputs;
  /** `weight`, `all` or `/REGEX/`. */
  readonly parameters: string;
  readonly backend: BackendName;
  readonly dtype: Precision;
  readonly by: Grouping;
}

/** The samples of a batch, for display. */
export interface BatchView {
  readonly names: readonly string[];
  readonly pictures?: readonly ImageData[];
  /** What the batch is, in words. */
  readonly told: string;
}

/** A kernel and its κ. */
export interface KernelResult {
  readonly request: KernelRequest;
  readonly ntk: Ntk;
  readonly view: BatchView;
  readonly device: string;
  /** From the request to κ, in seconds. */
  readonly seconds: number;
}

/** What takes longer than κ and follows it. */
export interface Details {
  readonly contributions: readonly Contribution[];
  readonly certified: CertifiedNtk;
}

/** The result of a law. */
export interface LawView {
  readonly law: string;
  readonly statement: string;
  readonly holds: boolean;
  readonly cases: number;
  /** Which quantity came nearest to its bound. */
  readonly what: string;
  readonly error: number;
  readonly bound: number;
  readonly seconds: number;
  /** Why it is broken, in one line. */
  readonly message?: string;
}
