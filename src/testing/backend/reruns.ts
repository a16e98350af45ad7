import { vjp } from '../../autodiff/index.ts';
import {
  type Backend,
  cast,
  constant,
  type DType,
  input,
  type NDArray,
  Program,
  type Tensor,
} from '../../tensor/index.ts';
import { draw, mapArray } from '../arrays.ts';
import { type PrimitiveCase, primitiveCases } from '../arbitraries/primitives.ts';
import { law, type Law, type Measured } from '../law.ts';
import { largeCases } from './largeCases.ts';
import { sourceOfCase } from './primitiveSource.ts';

// A program runs again in the memory that it ran in before. What it computes may not depend on what an earlier run left
// there: padding that was overwritten, sums that go on where the last one ended, a mask that is read before it is computed.

/** A primitive and its gradients, of operands that vary from run to run; indices and conditions stay. */
function programOf({ operands, build, smooth }: PrimitiveCase, dtype: DType) {
  const values = operands.map((operand) => cast(operand, dtype));
  const varying = smooth.map((i) => input(`x${i}`, values[i].shape, dtype));
  const y = build(...values.map((value, i) => (smooth.includes(i) ? varying[smooth.indexOf(i)] : constant(value))));
  const u = constant(draw(1, y.shape, undefined, y.dtype));
  return { outputs: [y, ...vjp([y], varying, [u])], varying, values: smooth.map((i) => values[i]) };
}

async function run(
  backend: Backend,
  { outputs, varying }: { readonly outputs: readonly Tensor[]; readonly varying: readonly Tensor[] },
  feeds: readonly (readonly NDArray[])[],
): Promise<readonly NDArray[]> {
  const program = await Program.compile(outputs, { backend, varying });
  try {
    await program.bind();
    let results: readonly NDArray[] = [];
    for (const values of feeds) results = await program.run(new Map(varying.map((x, i) => [x, values[i]] as const)));
    return results;
  } finally {
    program.dispose();
  }
}

async function compare(backend: Backend, drawn: PrimitiveCase): Promise<Measured[]> {
  const [dtype] = backend.dtypes;
  const program = programOf(drawn, dtype);
  // Gradients of sums in float64 are no business of a backend that has none.
  if (!program.outputs.every((output) => backend.dtypes.includes(output.dtype))) return [];
  const others = program.values.map((value) => mapArray(value, (x) => 3 - 2 * x));
  const first = await run(backend, program, [program.values]);
  const again = await run(backend, program, [others, others, program.values]);
  return first.flatMap(({ data }, k) =>
    Array.from(data, (value, i) => ({
      what: `${drawn.primitive}: ${k === 0 ? 'value' : `gradient ${k - 1}`}, element ${i}`,
      error: Object.is(again[k].data[i], value) ? 0 : Math.abs(again[k].data[i] - value),
      bound: 0,
    })),
  );
}

/** Those that have sums, windows or moves; what is computed element by element leaves nothing to go on with. */
const { convolution, convolutionInputGradient, convolutionWeightGradient, standardizeGradient } = primitiveCases;
const { averagePool, averagePoolGradient, gather, scatter, pad, concatenate, sum, max, matmul } = primitiveCases;
const small = {
  ...{ convolution, convolutionInputGradient, convolutionWeightGradient, standardizeGradient },
  ...{ averagePool, averagePoolGradient, gather, scatter, pad, concatenate, sum, max, matmul },
};

export const reruns: Law<Backend> = law({
  name: 'program that runs again',
  statement: 'A program gives the same bits whatever it was run on before.',
  cases: {
    ...small,
    ...Object.fromEntries(Object.entries(largeCases).map(([kind, cases]) => [`large ${kind}`, cases])),
  },
  share: 0.15,
  check: compare,
  source: sourceOfCase,
});
