import fc from 'fast-check';
import { type Module, Trace } from '../../nn/index.ts';
import {
  computeNtk,
  conditionNumber,
  countLinearRegions,
  getNtkN,
  JacobianProgram,
  type JacobianRows,
  kernelByParameter,
  kernelMatrix,
  type KernelOutputs,
  type ParameterChoice,
  stackRows,
  symmetricEigen,
  tangentKernel,
  teNasKappa,
} from '../../ntk/index.ts';
import {
  type Backend,
  cast,
  dependents,
  evaluate,
  Generator,
  ndarray,
  type NDArray,
  referenceBackend,
  topologicalOrder,
} from '../../tensor/index.ts';
import { draw, largest, rowOf, stack } from '../arrays.ts';
import { imageNetworks, type NetworkCase, vectorNetworks } from '../arbitraries/networks.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { UNIT } from '../backend/values.ts';
import { JacobianByDefinition, kernelByDefinition } from '../kernel/definition.ts';
import { exactKernel } from '../kernel/rounding.ts';
import { law, type Law, type Measured } from '../law.ts';
import { networkFrom } from '../networks/description.ts';
import { CLEARANCE, clearBatch } from '../networks/kinks.ts';
import { randomize } from '../networks/randomize.ts';
import { patterns } from './patterns.ts';
import { dataSource, holds, near, nearArrays, same } from './measures.ts';

/** A network, and which of its kernels. */
interface KindCase extends NetworkCase {
  readonly outputs: 'sum' | 'trace' | 'full' | 'first' | 'last';
  readonly parameters: 'weight' | 'all' | 'bias' | 'global';
  readonly second: boolean;
  readonly blockRows: number;
}

const kindsOf = (networks: fc.Arbitrary<NetworkCase>): fc.Arbitrary<KindCase> =>
  fc
    .tuple(
      networks,
      fc.constantFrom<KindCase['outputs']>('sum', 'trace', 'full', 'first', 'last'),
      fc.constantFrom<KindCase['parameters']>('weight', 'all', 'bias', 'global'),
      fc.boolean(),
      fc.nat(3),
    )
    .map(([drawn, outputs, parameters, second, blockRows]) => ({ ...drawn, outputs, parameters, second, blockRows }));

const CHOICES: Readonly<Record<KindCase['parameters'], ParameterChoice>> = {
  weight: 'weight',
  all: 'all',
  bias: (name) => name.endsWith('bias'),
  global: /weight/g,
};

/** The definition reads no flags of regular expressions. */
const DEFINED: Readonly<Record<KindCase['parameters'], ParameterChoice>> = { ...CHOICES, global: 'weight' };

function made({ network, seed }: NetworkCase): Module {
  return randomize(networkFrom(network), seed);
}

const kinds: Law<Backend> = law({
  name: 'tangent kernels of all kinds',
  statement:
    'Of any outputs, parameters, second batch and size of blocks, Θ, P and the outputs are those of the definition.',
  share: 0.5,
  cases: { images: kindsOf(imageNetworks), vectors: kindsOf(vectorNetworks) },
  check: async (backend, drawn) => {
    const [dtype] = backend.dtypes;
    const { mode, shape, seed, second, blockRows } = drawn;
    const network = made(drawn);
    const first = await clearBatch(network, shape, seed, mode);
    const other = await clearBatch(network, shape, seed + 1, mode);
    fc.pre(Math.min(first.distance, other.distance) >= CLEARANCE);
    const x2 = second ? other.x : undefined;
    const program = await JacobianByDefinition.compile(network, shape, mode);
    const count = program.trace.y.shape[1];
    const outputs: KernelOutputs = drawn.outputs === 'first' ? 0 : drawn.outputs === 'last' ? count - 1 : drawn.outputs;
    const defined = { dtype, outputs, parameters: DEFINED[drawn.parameters] };
    const names = [...program.trace.parameters(network).keys()];
    const accepts = DEFINED[drawn.parameters];
    fc.pre(names.some((name) => typeof accepts !== 'function' || accepts(name)));
    const { theta, bound, jacobian } = await exactKernel(program, first.x, defined, x2);
    program.dispose();
    const options = {
      mode,
      outputs,
      parameters: CHOICES[drawn.parameters],
      backend,
      dtype,
      x2,
      blockRows: blockRows === 0 ? undefined : blockRows,
    };
    const got = await tangentKernel(network, first.x, options);
    const logits = await evaluated(network, first.x, mode);
    const used = names.filter((name) =>
      typeof accepts === 'function' ? accepts(name) : accepts === 'all' || name.includes('weight'),
    );
    const total = [...network.namedParameters().values()].reduce(
      (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
    return [
      nearArrays('Θ', got.kernel, theta, bound),
      nearArrays('outputs', got.logits, logits, 1e4 * UNIT[dtype] * Math.max(1, largest(logits))),
      same('P', got.parameters, {
        used: used.reduce((sum, name) => sum + jacobian.rows.get(name)!.shape[1], 0),
        total,
      }),
      same('samples', got.samples, [shape[0], shape[0]]),
    ];
  },
  source: dataSource,
});

async function evaluated(network: Module, x: NDArray, mode: NetworkCase['mode']): Promise<NDArray> {
  const trace = new Trace(network, x.shape, { mode });
  const [y] = await evaluate(
    [trace.y],
    new Map([...trace.variables(), [trace.x, cast(x, 'float64')] as const]),
    referenceBackend,
  );
  return y;
}

const regions: Law<Backend> = law({
  name: 'linear regions',
  statement: 'The number of regions is that of different patterns of which ReLUs pass, over all batches.',
  share: 0.5,
  cases: { networks: imageNetworks },
  check: async (backend, drawn) => {
    const { mode, shape, seed } = drawn;
    const network = randomize(networkFrom(['Sequential', drawn.network, ['ReLU']]), seed);
    const first = await clearBatch(network, shape, seed, mode);
    const second = await clearBatch(network, shape, seed + 1, mode);
    fc.pre(Math.min(first.distance, second.distance) >= CLEARANCE);
    const batches = [first.x, second.x, first.x];
    const patterns = new Set<string>();
    let units = 0;
    for (const x of batches) {
      const trace = new Trace(network, shape, { mode });
      const order = topologicalOrder([trace.y]);
      const onInput = dependents(order, [trace.x]);
      const bent = order.flatMap(({ op, operands: [input] }) =>
        op.kind === 'primitive' && op.primitive === 'relu' && onInput.has(input) ? [input] : [],
      );
      const values = await evaluate(bent, new Map([...trace.variables(), [trace.x, x] as const]), referenceBackend);
      units = values.reduce((sum, { data }) => sum + data.length / shape[0], 0);
      for (let i = 0; i < shape[0]; i++)
        patterns.add(values.map((value) => [...rowOf(value, i).data].map((v) => (v > 0 ? 1 : 0)).join('')).join());
    }
    const got = await countLinearRegions(network, batches, { mode, backend });
    return [
      same('regions', got.regions, patterns.size),
      same('samples', got.samples, 3 * shape[0]),
      same('units', got.reluUnits, units),
    ];
  },
  source: dataSource,
});

/** Rows of random numbers, as a network of two parameters would have. */
function rowsOf(
  seed: number,
  samples: number,
  rowsPerSample: number,
  widths: readonly number[],
  outputs: JacobianRows['outputs'],
  dtype: JacobianRows['dtype'],
): JacobianRows {
  const parameters = widths.map((width, k) => ({
    name: `${k}.weight`,
    shape: [width],
    rows: draw(seed + k, [samples * rowsPerSample, width], undefined, dtype),
  }));
  const logits = draw(seed, [samples, 1], undefined, dtype);
  return {
    mode: 'eval',
    dtype,
    outputs,
    samples,
    rowsPerSample,
    totalParameters: widths.reduce((a, b) => a + b),
    logits,
    parameters,
  };
}

const products: Law<Backend> = law({
  name: 'kernels of given rows',
  statement:
    'J₁·J₂ᵀ is the sum of its products in float64, whatever the number of columns; that of stacked rows has blocks of them.',
  share: 0.5,
  cases: {
    rows: fc.record({
      a: extent(5),
      b: extent(5),
      outputs: extent(2),
      widths: fc.tuple(extent(9), fc.constantFrom(1, 70, 1500)),
      trace: fc.boolean(),
      seed: seeds,
    }),
  },
  check: async (backend, { a, b, outputs: q, widths, trace, seed }) => {
    const [dtype] = backend.dtypes;
    const kind = trace ? 'trace' : 'full';
    const [first, second] = [rowsOf(seed, a, q, widths, kind, dtype), rowsOf(seed + 9, b, q, widths, kind, dtype)];
    const due = (x: JacobianRows, y: JacobianRows, names = x.parameters.map(({ name }) => name)) => {
      const whole = ({ samples, parameters }: JacobianRows) => ({
        samples,
        outputs: q,
        rows: new Map(parameters.map(({ name, rows }) => [name, rows])),
      });
      return kernelByDefinition(whole(x), whole(y), kind, (name) => names.includes(name));
    };
    // Sums in float64: P·q terms of at most 4.
    const bound = (q * (widths[0] + widths[1])) ** 1.5 * 4 * 2 ** -53;
    const stacked = stackRows([first, second]);
    const parts = await kernelByParameter(first, { backend });
    const found: Measured[] = [
      nearArrays('J₁·J₁ᵀ', await kernelMatrix(first, { backend }), due(first, first), bound),
      nearArrays('J₁·J₂ᵀ', await kernelMatrix(first, { second, backend }), due(first, second), bound),
      nearArrays('stacked', await kernelMatrix(stacked, { backend }), due(stacked, stacked), bound),
      same('samples', stacked.samples, a + b),
    ];
    for (const [name, kernel] of parts) found.push(nearArrays(`of ${name}`, kernel, due(first, first, [name]), bound));
    const [, { rows }] = stacked.parameters;
    const below = {
      ...rows,
      data: rows.data.slice(first.parameters[1].rows.data.length),
      shape: second.parameters[1].rows.shape,
    };
    found.push(nearArrays('the second below the first', below, second.parameters[1].rows, 0));
    return found;
  },
  source: dataSource,
});

const verdicts: Law<Backend> = law({
  name: 'verdict on a condition number',
  statement:
    'κ is λmax/λmin; a matrix without full rank is never resolved, one that is far from singular always; float32 rows resolve less than float64 rows.',
  share: 0.5,
  cases: {
    spectra: fc.record({ n: fc.integer({ min: 2, max: 9 }), decades: fc.integer({ min: 1, max: 6 }), seed: seeds }),
  },
  check: async (backend, { n, decades, seed }) => {
    const { data } = new Generator(seed).normals([n, n]);
    const vectors = symmetricEigen(
      symmetric(n, (i, j) => data[i * n + j] + data[j * n + i]),
      {
        vectors: true,
      },
    ).vectors;
    const lambdas = Array.from({ length: n }, (_, k) => 10 ** ((-decades * k) / (n - 1)));
    const matrix = (values: readonly number[]) =>
      symmetric(n, (i, j) =>
        values.reduce((sum, value, k) => sum + value * vectors.data[i * n + k] * vectors.data[j * n + k], 0),
      );
    const full = conditionNumber(matrix(lambdas), { parameters: 100 });
    const lost = conditionNumber(matrix(lambdas.with(n - 1, 0)), { parameters: 100 });
    const negative = conditionNumber(matrix(lambdas.with(n - 1, -0.01)), { parameters: 100 });
    const faint = matrix(lambdas.with(n - 1, 1e-12));
    return Promise.resolve([
      near('κ', full.kappa, 10 ** decades, 10 ** decades * (n + 4) * 16 * 2 ** -53 * 10 ** decades),
      same('resolved', full.verdict, 'resolved'),
      same('without full rank', lost.verdict, 'lower-bound'),
      same('indefinite', negative.verdict, 'indefinite'),
      same('float32 rows', conditionNumber(faint, { dtype: 'float32', parameters: 100 }).verdict, 'lower-bound'),
      same("TE-NAS's number for NaN", teNasKappa(NaN), 100000),
      holds(`of ${backend.name}`, lost.kappaLowerBound > 1e6),
    ]);
  },
  source: dataSource,
});

function symmetric(n: number, entry: (i: number, j: number) => number): NDArray {
  return ndarray(
    Array.from({ length: n * n }, (_, k) =>
      entry(Math.min(Math.floor(k / n), k % n), Math.max(Math.floor(k / n), k % n)),
    ),
    [n, n],
  );
}

const batches: Law<Backend> = law({
  name: 'κ of several batches',
  statement:
    'getNtkN takes the batches that it is told of, of every network, and its κ is that of their rows under each other.',
  share: 0.2,
  cases: { networks: vectorNetworks },
  check: async (_, drawn) => {
    const { mode, shape, seed } = drawn;
    const networks = [made(drawn), randomize(networkFrom(drawn.network), seed + 1)];
    const images = [1, 2, 3].map((k) => ({ images: draw(seed + k, shape) }));
    const due = [];
    for (const network of networks) {
      const rows: JacobianRows[] = [];
      for (const { images: x } of images.slice(0, 2)) {
        const program = await JacobianProgram.compile(network, shape, {
          mode,
          outputs: 'sum',
          parameters: 'weight',
          backend: referenceBackend,
        });
        rows.push(await program.run(x));
        program.dispose();
      }
      const theta = kernelByDefinition(wholeOf(rows), wholeOf(rows), 'sum', 'all');
      due.push(conditionNumber(theta));
    }
    const got = await getNtkN(images, networks, { trainMode: mode === 'train', numBatch: 2, dtype: 'float64' });
    const alone = await computeNtk(networks[0], images[0].images, { mode, dtype: 'float64' });
    return [
      ...due.map((each, i) => {
        const clear = each.verdict === 'resolved' && each.kappa < 1e6;
        // λmin is off by n·u·λmax: κ by κ·n·u of itself.
        return near(
          `κ of network ${i}`,
          clear ? got[i] : 0,
          clear ? each.kappa : 0,
          clear ? each.kappa ** 2 * 1e-13 + 1e-12 * each.kappa : 0,
        );
      }),
      same('the number of them', got.length, 2),
      holds('the precision of the rows', alone.dtype === 'float64'),
    ];
  },
  source: dataSource,
});

function wholeOf(parts: readonly JacobianRows[]) {
  const rows = new Map(
    parts[0].parameters.map(
      ({ name }, k) =>
        [
          name,
          stack(
            parts.flatMap(({ parameters }) =>
              Array.from({ length: parameters[k].rows.shape[0] }, (_, i) => rowOf(parameters[k].rows, i)),
            ),
          ),
        ] as const,
    ),
  );
  return { samples: parts.reduce((sum, { samples }) => sum + samples, 0), outputs: 1, rows };
}

/** Laws of what ntkit makes of Jacobians. */
export const ntkLaws: readonly Law<Backend>[] = [kinds, products, regions, patterns, verdicts, batches];
