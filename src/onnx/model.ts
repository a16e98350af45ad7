import type { DType, NDArray } from '../tensor/index.ts';

// What a model is once it is read: nothing here knows how a file is laid out.

/** The versions of the operator set that are read. */
export const OPSETS = { least: 6, most: 22 } as const;

/** What the numbers of an array are, beside their precision. */
export type Kind = 'float' | 'int' | 'bool';

/** An array of a file. Whole numbers and truth values are kept as float64. */
export interface OnnxArray extends NDArray {
  readonly kind: Kind;
}

/** The content of a file beside the model, by its location; undefined where there is none. */
export type ExternalData = (location: string) => Uint8Array | undefined;

/** The attributes of a node; each is an InputError when it is of another type than requested. */
export interface Attributes {
  has(name: string): boolean;
  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  /** The number that was meant by the file's, which is float32. */
  float(name: string, otherwise: number): number;
  ints(name: string): readonly number[] | undefined;
  floats(name: string): readonly number[] | undefined;
  string(name: string, otherwise: string): string;
  array(name: string): OnnxArray | undefined;
}

/** One step of a graph. */
export interface OnnxNode {
  /** The operator's name, e.g. `Conv`. */
  readonly operator: string;
  /** Names the node in messages, e.g. `resnet.onnx: Conv /layer1/conv1`. */
  readonly where: string;
  /** Names of its inputs; '' where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An input of a graph that the caller gives. */
export interface OnnxInput {
  readonly name: string;
  readonly kind: Kind;
  /** The precision that holds its elements. */
  readonly dtype: DType;
  /** The extents that the file declares: numbers, or names of free ones; undefined where it declares no shape. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A model as a list of steps, each after those whose results it reads. */
export interface OnnxGraph {
  readonly source: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxArray>;
  readonly inputs: readonly OnnxInput[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
}
