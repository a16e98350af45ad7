import { type Shape, sizeOf } from './shape.ts';

// Walks over strided arrays: what backends share.

/**
 * Visits every index of a shape in row-major order, with the offset that each set of strides gives it. The array of
 * offsets is reused between visits.
 */
export function forEachIndex(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (position: number, offsets: readonly number[]) => void,
): void {
  const count = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const offsets = new Array<number>(strides.length).fill(0);
  for (let position = 0; position < count; position++) {
    visit(position, offsets);
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      index[dimension] += 1;
      for (let i = 0; i < strides.length; i++) offsets[i] += strides[i][dimension];
      if (index[dimension] < shape[dimension]) break;
      for (let i = 0; i < strides.length; i++) offsets[i] -= strides[i][dimension] * shape[dimension];
      index[dimension] = 0;
    }
  }
}

/** Extents, and for each array its strides along them. */
export interface StridedDimensions {
  readonly extents: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * The same walk in as few dimensions as it takes: those of extent 1 are left out, and dimensions that every array walks
 * through evenly are joined, so that equal dense shapes are one long row. At least one dimension remains.
 */
export function joinDimensions(shape: Shape, strides: readonly (readonly number[])[]): StridedDimensions {
  const extents: number[] = [];
  const steps: number[][] = strides.map(() => []);
  shape.forEach((extent, dimension) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    const joins = last >= 0 && strides.every((stride, i) => steps[i][last] === stride[dimension] * extent);
    if (joins) extents[last] *= extent;
    else extents.push(extent);
    strides.forEach((stride, i) => (steps[i][joins ? last : last + 1] = stride[dimension]));
  });
  if (extents.length > 0) return { extents, strides: steps };
  return { extents: [1], strides: strides.map(() => [0]) };
}

/**
 * Visits a shape row by row: `visit(offsets, strides, length)` gets the offset of each strided array at the row's start,
 * its stride along the row, and the row's length. Dimensions are joined first: see {@link joinDimensions}.
 */
export function forEachRow(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (offsets: readonly number[], strides: readonly number[], length: number) => void,
): void {
  if (sizeOf(shape) === 0) return;
  const joined = joinDimensions(shape, strides);
  const rank = joined.extents.length - 1;
  const outer = joined.strides.map((steps) => steps.slice(0, rank));
  const along = joined.strides.map((steps) => steps[rank]);
  forEachIndex(joined.extents.slice(0, rank), outer, (_position, offsets) =>
    visit(offsets, along, joined.extents[rank]),
  );
}
