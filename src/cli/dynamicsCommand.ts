import { initialize, type Module, pytorchDefault } from '../nn/index.ts';
import {
  conditionNumber,
  type DynamicsOptions,
  gradientDescent,
  infinite,
  mseDynamics,
  tangentKernel,
  wideNetwork,
} from '../ntk/index.ts';
import { checkpointCsv, dynamicsPage, type DynamicsReport, dynamicsTable, largestGap } from '../report/index.ts';
import { cast, formatShape, Generator, InputError, type NDArray, ndarray, sizeOf } from '../tensor/index.ts';
import { type Computation, withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import { type DescentSettings, fullBatchDescent } from './fullBatchDescent.ts';
import { batchOf, type NetworkFile, readNetworkFile } from './networkFile.ts';
import { readNpy } from './npyFile.ts';
import type { OptionsOf } from './options.ts';
import { checkWritable, notice, print, printJson, terminalWidth, writeOutput } from './output.ts';
import { progressBar } from './progress.ts';

/** Options of `ntkit dynamics`. */
type Options = OptionsOf<typeof commands.dynamics>;

/** Samples of a network that comes without any. */
const SAMPLES = 16;

/**
 * `ntkit dynamics FILE`, or `--mlp WIDTHS`: what the tangent kernel predicts of training on the mean squared error, beside
 * full-batch gradient descent itself, and how the kernel changes on the way.
 */
export async function dynamicsCommand(path: string | undefined, options: Options, signal: AbortSignal): Promise<void> {
  if ((path === undefined) === (options.mlp === undefined)) {
    throw new InputError(`dynamics: expected a file or --mlp WIDTHS, got ${path === undefined ? 'neither' : 'both'}`);
  }
  const { checkpoints, csv, html, steps } = options;
  const late = checkpoints?.find((step) => step > steps);
  if (late !== undefined) throw new InputError(`--checkpoints ${late}: expected at most the ${steps} of --steps`);
  if (csv !== undefined && checkpoints === undefined) throw new InputError(`--csv ${csv}: expected with --checkpoints`);
  if (csv !== undefined) await checkWritable(csv, '--csv');
  if (html !== undefined) await checkWritable(html);
  await withBackend(options, (computation) => run(path, options, computation, signal));
}

async function run(
  path: string | undefined,
  options: Options,
  { backend, dtype }: Computation,
  signal: AbortSignal,
): Promise<void> {
  const { seed, momentum, nesterov, steps } = options;
  const read = path === undefined ? mlpOf(options.mlp!, seed) : await readNetworkFile(path, options.output);
  const { mode = read.mode } = options;
  const x = await batchOf(read, path === undefined ? { ...options, batchSize: options.batchSize ?? SAMPLES } : options);
  const { kernel, logits, parameters } = await tangentKernel(read.network, x, {
    ...{ outputs: 'full', mode, backend, dtype, signal },
  });
  const shape = [x.shape[0], sizeOf(logits.shape.slice(1))];
  const targets = await targetsOf(options, shape);
  const start: DynamicsOptions = {
    initial: { ...cast(logits, 'float64'), shape },
    noiseFloor: conditionNumber(kernel, { dtype, parameters: parameters.used }).noiseFloor,
  };
  const dynamics = mseDynamics(kernel, targets, start);
  const learningRateLimit = dynamics.learningRateLimit({ momentum, nesterov });
  if (learningRateLimit === Infinity) throw new InputError(`${read.name}: its tangent kernel is 0: nothing is learned`);
  const { learningRate = learningRateLimit / 2 } = options;
  const progress = progressBar(steps);
  const settings: DescentSettings = {
    ...{ mode, backend, dtype, learningRate, momentum, nesterov, steps, signal },
    onStep: (step) => progress.update(step, read.name),
    checkpoints: options.checkpoints ?? [],
    onDiverged: notice,
  };
  const real = await fullBatchDescent(read.network, x, targets, settings).finally(() => progress.stop());
  const descent = gradientDescent({ learningRate, momentum, nesterov });
  const times = Array.from(real.loss.keys());
  const outputs = {
    predicted: dynamics.predict(descent, times),
    real: ndarray(
      real.outputs.flatMap(({ data }) => [...data]),
      [times.length, ...shape],
    ),
  };
  const loss = { predicted: dynamics.loss(descent, times), real: real.loss };
  const { checkpoints } = real;
  const report = { name: read.name, dynamics, descent, learningRate, learningRateLimit, loss, outputs, checkpoints };
  if (options.csv !== undefined) await writeOutput(options.csv, checkpointCsv(checkpoints));
  if (options.html !== undefined) {
    const page = await dynamicsPage({
      title: `Training dynamics of ${read.name}`,
      settings: [
        ['network', read.name],
        ['mode', mode],
        ['samples × outputs', shape.join(' × ')],
        ['parameters', String(parameters.used)],
        [
          'descent',
          `learning rate ${learningRate.toPrecision(4)}, momentum ${momentum}${nesterov ? ', Nesterov' : ''}`,
        ],
        ['backend', `${backend.name} (${backend.device})`],
        ['precision', dtype],
      ],
      report,
    });
    await writeOutput(options.html, page);
  }
  if (!options.json) {
    print(dynamicsTable(report, { width: terminalWidth() }));
    return;
  }
  printJson({
    ...{ name: read.name, mode, backend: backend.name, device: backend.device, dtype },
    ...{ samples: shape[0], outputs: shape[1], parameters: parameters.used, momentum, nesterov },
    ...fieldsOf(report),
    ...(options.checkpoints && {
      checkpoints: checkpoints.map((each) => ({ ...each, eigenvalues: [...each.eigenvalues] })),
    }),
  });
}

/** What JSON tells of training. */
function fieldsOf({ dynamics, descent, learningRate, learningRateLimit, loss, outputs }: DynamicsReport): object {
  const constants = dynamics.timeConstants(descent);
  return {
    modes: dynamics.modes.map((mode, i) => ({ ...mode, timeConstant: 1 / mode.curvature, steps: constants[i] })),
    learningRate,
    learningRateLimit,
    optimal: dynamics.optimal(),
    loss: { predicted: [...loss.predicted], real: [...loss.real] },
    outputGap: largestGap(outputs),
  };
}

/** A network of ReLUs in the NTK parametrisation, with parameters drawn by the seed. */
function mlpOf(widths: readonly number[], seed: number): NetworkFile {
  const { serial, dense, relu } = infinite;
  const [inputs, ...outputs] = widths;
  const layers = outputs.flatMap((width, i) =>
    i < outputs.length - 1 ? [dense(width, { weightStd: Math.SQRT2, biasStd: 0.1 }), relu()] : [dense(width)],
  );
  const network: Module = wideNetwork(serial(...layers), [inputs]);
  initialize(network, pytorchDefault, new Generator(seed));
  return { name: `mlp ${widths.join('-')}`, network, mode: 'eval', input: undefined, sample: [inputs] };
}

/** The targets of a file, or standard normal ones. */
async function targetsOf({ targets, seed }: Options, shape: readonly number[]): Promise<NDArray> {
  if (targets === undefined) return new Generator(seed).fork('targets').normals(shape);
  const given = await readNpy(targets);
  const fits = given.shape[0] === shape[0] && sizeOf(given.shape) === sizeOf(shape);
  if (!fits) {
    throw new InputError(
      `--targets ${targets}: expected ${formatShape(shape)}, samples by outputs, got ${formatShape(given.shape)}`,
    );
  }
  return { ...cast(given, 'float64'), shape };
}
