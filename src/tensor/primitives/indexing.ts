import { ShapeError } from '../../errors.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import type { Signature } from '../signature.ts';

/** The dimensions that an index takes part in. */
export interface IndexAttributes {
  /** Dimensions of the index. */
  readonly indexRank: number;
  /** Dimensions after the indexed ones: they are taken as a whole. */
  readonly innerRank: number;
}

/** The indexed dimensions of the source: an index counts through all of them, in row-major order. */
export interface GatherAttributes extends IndexAttributes {
  readonly indexedRank: number;
}

/** The extents of the indexed dimensions of the result. */
export interface ScatterAttributes extends IndexAttributes {
  readonly size: Shape;
}

/**
 * Attributes of the primitives that take elements by their number. Indices are numbers like all others: what is no
 * position is cut to a whole number and to the nearest position, NaN to 0.
 */
export interface IndexingPrimitives {
  gather: GatherAttributes;
  scatter: ScatterAttributes;
}

/** float32 holds every whole number up to here. */
const MOST_POSITIONS = 2 ** 24;

function checkSize(name: string, size: Shape): void {
  const positions = sizeOf(size);
  if (positions < 1 || positions > MOST_POSITIONS) {
    throw new ShapeError(
      `${name}: indices are float32, expected 1 to ${MOST_POSITIONS} positions, got ${positions} of ${formatShape(size)}`,
    );
  }
}

function expectTwo(name: string, count: number): void {
  if (count !== 2) throw new ShapeError(`${name}: expected 2 operands, got ${count}`);
}

const gather: Signature<GatherAttributes> = {
  text: '(…v,…d),(…m)->(…m,…d)',
  coreRanks({ indexedRank, innerRank, indexRank }, count) {
    expectTwo('gather', count);
    return [indexedRank + innerRank, indexRank];
  },
  inferCore({ indexedRank }, [source, index]) {
    checkSize('gather', source.slice(0, indexedRank));
    return [...index, ...source.slice(indexedRank)];
  },
};

const scatter: Signature<ScatterAttributes> = {
  text: '(…m,…d),(…m)->(…v,…d)',
  coreRanks({ indexRank, innerRank }, count) {
    expectTwo('scatter', count);
    return [indexRank + innerRank, indexRank];
  },
  inferCore({ size, indexRank }, [values, index]) {
    checkSize('scatter', size);
    if (index.some((extent, i) => extent !== values[i])) {
      throw new ShapeError(
        `scatter: expected an index of shape ${formatShape(values.slice(0, indexRank))}, got ${formatShape(index)}`,
      );
    }
    return [...size, ...values.slice(indexRank)];
  },
};

export const indexingDefinitions = { gather: { signature: gather }, scatter: { signature: scatter } };
