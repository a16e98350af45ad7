// Copies, casts and sums: one walk over strided arrays, and a row of each operation.

/** What a row does; the numbers are those of `ROW_OPERATIONS` in the lowering. */
const COPY = 0;
const SUM = 1;
const COPY_64 = 2;
const WIDEN = 3;
const NARROW = 4;
const SUM_64 = 5;

/**
 * Applies an operation to rows of strided arrays.
 *
 * @param t rank, extents, strides of out and a in bytes; the innermost dimension is the row
 * @param scratch room for 4 bytes a dimension
 */
export function walk(operation: i32, out: usize, a: usize, t: usize, scratch: usize): void {
  const rank = load<i32>(t);
  const extents = t + 4;
  const bytes = <usize>rank << 2;
  const stepsOut = extents + bytes;
  const stepsA = stepsOut + bytes;
  const last = <usize>(rank - 1) << 2;
  const length = load<i32>(extents + last);
  const stepOut = load<i32>(stepsOut + last);
  const stepA = load<i32>(stepsA + last);
  memory.fill(scratch, 0, bytes);
  while (true) {
    row(operation, out, a, stepOut, stepA, length);
    let d = last;
    while (true) {
      if (d == 0) return;
      d -= 4;
      const index = load<i32>(scratch + d) + 1;
      out += load<i32>(stepsOut + d);
      a += load<i32>(stepsA + d);
      const extent = load<i32>(extents + d);
      if (index < extent) {
        store<i32>(scratch + d, index);
        break;
      }
      store<i32>(scratch + d, 0);
      out -= load<i32>(stepsOut + d) * extent;
      a -= load<i32>(stepsA + d) * extent;
    }
  }
}

function row(operation: i32, out: usize, a: usize, stepOut: i32, stepA: i32, length: i32): void {
  if (operation == SUM) return sumRow<f32>(out, a, stepOut, stepA, length);
  if (operation == SUM_64) return sumRow<f64>(out, a, stepOut, stepA, length);
  if (operation == COPY && stepOut == 4 && (stepA == 4 || stepA == 0)) {
    const vectors = length & ~3;
    const end = out + (vectors << 2);
    for (; out < end; out += 16, a += stepA << 2) v128.store(out, stepA ? v128.load(a) : v128.load32_splat(a));
    length -= vectors;
  }
  if (operation == COPY_64 && stepOut == 8 && (stepA == 8 || stepA == 0)) {
    const vectors = length & ~1;
    const end = out + (vectors << 3);
    for (; out < end; out += 16, a += stepA << 1) v128.store(out, stepA ? v128.load(a) : v128.load64_splat(a));
    length -= vectors;
  }
  for (let i = 0; i < length; i++) {
    element(operation, out, a);
    out += stepOut;
    a += stepA;
  }
}

@inline
function element(operation: i32, out: usize, a: usize): void {
  switch (operation) {
    case COPY:
      store<f32>(out, load<f32>(a));
      return;
    case COPY_64:
      store<f64>(out, load<f64>(a));
      return;
    case WIDEN:
      store<f64>(out, load<f32>(a));
      return;
    case NARROW:
      store<f32>(out, <f32>load<f64>(a));
      return;
  }
}

/** Adds a row into float64 totals: into one if they stand still, else element by element. */
function sumRow<T>(out: usize, a: usize, stepOut: i32, stepA: i32, length: i32): void {
  if (stepOut == 0) {
    let total: f64 = 0;
    for (let i = 0; i < length; i++) total += load<T>(a + i * stepA);
    store<f64>(out, load<f64>(out) + total);
  } else {
    for (let i = 0; i < length; i++) {
      store<f64>(out, load<f64>(out) + load<T>(a));
      out += stepOut;
      a += stepA;
    }
  }
}

/** An array as it is. */
export function copy(out: usize, a: usize, bytes: usize): void {
  memory.copy(out, a, bytes);
}

/** Zeros. */
export function clear(out: usize, bytes: usize): void {
  memory.fill(out, 0, bytes);
}

/** Two addresses that the next call finds at `to`: those of an image and of its weights. */
export function point(to: usize, x: usize, w: usize): void {
  store<u32>(to, <u32>x);
  store<u32>(to, <u32>w, 4);
}
