import { ELEMENT_BYTES } from '../../../array.ts';
import { type Address, advance } from '../calls.ts';
import { coreBytes, forEachRun, type Lowering, type Operand, singly, type WasmKernel } from '../lowering.ts';
import type { NormalizationPrimitives } from '../../../primitives/normalization.ts';

/** Samples, channels and pixels of an array [n, c, h, w]. */
function sizes({ shape }: Operand): readonly [n: number, c: number, pixels: number] {
  const [n, c, h, w] = shape.slice(-4);
  return [n, c, h * w];
}

function moments(epsilon: number, lower: Lowering, x: Operand, output: Operand, rank: number): void {
  const [n, c, pixels] = sizes(x);
  const size = ELEMENT_BYTES[x.dtype];
  forEachRun(output, [x], [4], rank, (run) =>
    singly(run, coreBytes(output, rank), [coreBytes(x, 4)], (out, [from]) =>
      lower.divide(c, n * c * pixels, (first, count) => {
        const plane = size * pixels * first;
        const to = rank === 4 ? [advance(out, plane), 0] : [0, advance(out, size * first)];
        lower.callIn(x.dtype, 'standardize', ...to, advance(from, plane), epsilon, n, c, count, pixels);
      }),
    ),
  );
}

/**
 * The gradient of batch norm's normalisation, and in the same pass that of the scale after it, Σ g·y, if `products` is
 * to hold it.
 */
export function standardizeGradientWith(
  lower: Lowering,
  output: Operand,
  products: Operand | undefined,
  operands: readonly Operand[],
): void {
  const [n, c, pixels] = sizes(output);
  const results = products ? [products] : [];
  forEachRun(output, [...operands, ...results], [4, 4, 1, 1], 4, (run) => {
    const shared = run.steps[0] === 1 && run.steps[1] === 0 && run.steps[2] === 0;
    const call = (out: Address, [g, y, s, product]: readonly Address[], rows: number) =>
      lower.divide(c, rows * n * c * pixels, (first, count) => {
        const bytes = ELEMENT_BYTES[output.dtype] * first;
        const [to, from, normalized] = [out, g, y].map((at) => advance(at, bytes * pixels));
        const [scales, sums] = [advance(s, bytes), product ? advance(product, bytes) : 0];
        lower.callIn(
          output.dtype,
          'standardizeGradient',
          ...[to, sums, from, normalized, scales],
          ...[rows, n, c, count, pixels],
        );
      });
    if (shared) return call(run.output, run.operands, run.count);
    const bytes = [4, 4, 1, 1].map((rank, i) => coreBytes([...operands, ...results][i] ?? output, rank));
    singly(run, coreBytes(output, 4), bytes, (out, at) => call(out, at, 1));
  });
}

/** y = a·x + b, with a, b or both. */
function affine(lower: Lowering, output: Operand, [x, ...coefficients]: readonly Operand[]): void {
  const [n, c, pixels] = sizes(output);
  const operands = [x, ...coefficients];
  forEachRun(output, operands, [4, 1, 1], 4, (run) => {
    const call = (out: Address, [from, a, b]: readonly Address[], samples: number) =>
      lower.callIn(output.dtype, 'channelAffine', out, from, a, b ?? 0, samples, c, pixels);
    const shared = run.count === 1 || (run.steps[0] === 1 && run.steps.slice(1).every((step) => step === 0));
    if (shared) {
      const [from, ...factors] = run.operands;
      const sample = ELEMENT_BYTES[output.dtype] * c * pixels;
      return lower.divide(n * run.count, n * run.count * c * pixels, (first, count) =>
        call(advance(run.output, first * sample), [advance(from, first * sample), ...factors], count),
      );
    }
    const bytes = operands.map((operand, i) => coreBytes(operand, i === 0 ? 4 : 1));
    singly(run, coreBytes(output, 4), bytes, (out, at) => call(out, at, n));
  });
}

function sums(lower: Lowering, output: Operand, operands: readonly Operand[]): void {
  const [n, c, pixels] = sizes(operands[0]);
  forEachRun(output, operands, [4, 4], 1, (run) =>
    singly(
      run,
      coreBytes(output, 1),
      operands.map((operand) => coreBytes(operand, 4)),
      (out, [a, b]) => lower.callIn(output.dtype, 'channelSums', out, a, b ?? 0, n, c, pixels),
    ),
  );
}

export const normalizationWasm: { [P in keyof NormalizationPrimitives]: WasmKernel<NormalizationPrimitives[P]> } = {
  standardize: (lower, { epsilon }, output, [x]) => moments(epsilon, lower, x, output, 4),
  inverseDeviation: (lower, { epsilon }, output, [x]) => moments(epsilon, lower, x, output, 1),
  standardizeGradient: (lower, _, output, operands) => standardizeGradientWith(lower, output, undefined, operands),
  channelAffine: (lower, _, output, operands) => affine(lower, output, operands),
  channelScale: (lower, _, output, operands) => affine(lower, output, operands),
  channelInnerProduct: (lower, _, output, operands) => sums(lower, output, operands),
  channelSum: (lower, _, output, operands) => sums(lower, output, operands),
};
