import { loadBatch } from '../node/index.ts';
import type { Module } from '../nn/index.ts';
import {
  type Abortable,
  type CertifiedNtk,
  certify,
  conditionNumberOf,
  type Contribution,
  contributions,
  describeChoice,
  type Grouping,
  JacobianProgram,
  KernelProgram,
  type Ntk,
  PreciseProgram,
  type Progress,
  type RowsOptions,
  symmetricEigen,
  symmetricEigenQR,
  type TangentKernel,
  withConditionNumber,
} from '../ntk/index.ts';
import {
  certificateText,
  contributionsTable,
  kernelTable,
  ntkPage,
  ntkTable,
  type ScoredNetwork,
} from '../report/index.ts';
import { type Backend, InputError, type NDArray, sizeOf } from '../tensor/index.ts';
import { type Computation, withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import { batchOf, readNetworkFile, requestOf } from './networkFile.ts';
import type { OptionsOf } from './options.ts';
import { checkWritable, print, printJson, terminalWidth, writeOutput } from './output.ts';
import { progressBar } from './progress.ts';

/** Options of `ntkit ntk`. */
type Options = OptionsOf<typeof commands.ntk>;

/**
 * `ntkit ntk FILE`: the tangent kernel and κ of the network that a case or an ONNX model holds, by default TE-NAS's, on
 * the case's images. With `--x2` the kernel is Θ(x1, x2), which has no κ.
 */
export async function ntkCommand(path: string, options: Options, signal: AbortSignal): Promise<void> {
  await withBackend(backendOptions(options), (computation) => run(path, options, computation, signal));
}

/** The backend's options, with the precision that `--precise` stands for. */
function backendOptions(options: Options): Options {
  const { precise, dtype, x2, by, eigen } = options;
  if (x2 !== undefined && by !== undefined)
    throw new InputError('--by: expected no --x2: Θ(x1, x2) has no eigenvalues');
  if (!precise) return options;
  if (x2 !== undefined) throw new InputError('--precise: expected no --x2: Θ(x1, x2) has no κ');
  if (eigen !== undefined) throw new InputError(`--eigen ${eigen}: expected no --precise, which takes singular values`);
  if (dtype === 'float32') throw new InputError('--precise: expected --dtype float64, got float32');
  return { ...options, dtype: 'float64' };
}

async function run(
  path: string,
  options: Options,
  { backend, dtype }: Computation,
  signal: AbortSignal,
): Promise<void> {
  if (options.html !== undefined) await checkWritable(options.html);
  const read = await readNetworkFile(path, options.output);
  const { mode = read.mode, outputs, parameters, seed } = options;
  const x1 = await batchOf(read, options);
  const x2 =
    options.x2 === undefined ? undefined : await loadBatch('--x2', options.x2, requestOf(read, x1.shape[0], seed));

  const images = options.images ?? (x1 === read.input ? 'case' : 'standard normal');

  const setupStart = performance.now();
  const shapes = [x1.shape, x2?.shape] as const;
  const settings = { mode, outputs, parameters, backend, dtype, signal };
  const program = await (options.precise
    ? PreciseProgram.compile(read.network, x1.shape, settings)
    : KernelProgram.compile(read.network, shapes, settings));
  const setupSeconds = secondsSince(setupStart);
  const progress = progressBar(options.repeats);
  const seconds: number[] = [];
  const kernels: TangentKernel[] = [];
  const conditions: Ntk[] = [];
  try {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      const start = performance.now();
      const onProgress = ({ done, of, stage }: Progress) =>
        void (stage === 'rows' && progress.update(repeat + done / of, read.name));
      if (program instanceof PreciseProgram) {
        const ntk = await program.run(x1, { signal, onProgress });
        kernels.push(ntk);
        conditions.push(ntk);
      } else {
        const kernel = await program.run(x1, { x2, signal, onProgress });
        kernels.push(kernel);
        if (!x2) conditions.push(await conditionOf(kernel, options.eigen, backend, signal));
      }
      seconds.push(secondsSince(start));
    }
  } finally {
    progress.stop();
    program.dispose();
  }

  const certificateStart = performance.now();
  if (options.certificate && conditions.length > 0) {
    conditions[0] = await certify(read.network, x1, conditions[0], settings);
  }
  const certificateSeconds = secondsSince(certificateStart);
  const groups = options.by && (await contributionsOf(read.network, x1, conditions[0], options.by, settings));

  const [kernel] = kernels;
  const [samples, others] = kernel.samples;
  const used = kernel.parameters.used;
  const mean = seconds.reduce((a, b) => a + b) / seconds.length;
  const scored: ScoredNetwork = {
    name: read.name,
    detail: `${samples} samples, ${mode} mode, outputs ${outputs}, parameters ${describeChoice(parameters)}`,
    ntks: conditions,
    contributions: groups,
    seconds: mean,
  };
  if (options.html !== undefined) {
    const page = await ntkPage({
      title: `NTK condition number of ${read.name}`,
      settings: [
        ['case', read.name],
        ['mode', mode],
        ['samples', String(samples)],
        ['images', imagesText(images, seed)],
        ['outputs', String(outputs)],
        ['parameters', `${describeChoice(parameters)}: ${used} of ${kernel.parameters.total}`],
        ['backend', `${backend.name} (${backend.device})`],
        ['precision', kernel.dtype],
      ],
      networks: [scored],
    });
    await writeOutput(options.html, page);
  }
  if (options.json) {
    const [condition] = conditions as (Ntk | CertifiedNtk | undefined)[];
    const certified = condition && 'kinks' in condition ? condition : undefined;
    printJson({
      name: read.name,
      mode,
      outputs,
      parameterChoice: describeChoice(parameters),
      images,
      ...(options.x2 === undefined ? {} : { x2: options.x2 }),
      backend: backend.name,
      device: backend.device,
      dtype: kernel.dtype,
      samples,
      ...(x2 ? { samples2: others } : {}),
      parameters: used,
      parametersTotal: kernel.parameters.total,
      ntk: matrixRows(kernel.kernel),
      // Of Θ(x1, x2) there are none.
      eigenvalues: condition ? [...condition.eigenvalues] : null,
      kappa: condition?.kappa ?? null,
      kappaInterval: condition?.kappaInterval ?? null,
      kappaLowerBound: condition?.kappaLowerBound ?? null,
      rank: condition?.rank ?? null,
      rowError: condition?.rowError ?? null,
      kinks: certified?.kinks ?? null,
      kappaSides: certified?.kappaSides ?? null,
      lambdaMin: condition?.lambdaMin ?? null,
      lambdaMax: condition?.lambdaMax ?? null,
      verdict: condition?.verdict ?? null,
      noiseFloor: condition?.noiseFloor ?? null,
      ...(groups ? { contributions: groups } : {}),
      logits: matrixRows(kernel.logits),
      seconds,
      setupSeconds,
      ...(certified ? { certificateSeconds } : {}),
    });
  } else {
    const width = terminalWidth();
    if (x2) {
      print(kernelTable({ name: read.name, kernel, seconds: mean }, { width }));
      print(`Images of x1: ${imagesText(images, seed)}.`);
      return;
    }
    print(ntkTable([scored], { width }));
    print(`Images: ${imagesText(images, seed)}.`);
    print(certificateText(conditions[0]));
    if (groups) print(contributionsTable(groups, { width }));
  }
}

/** Where a batch comes from, in words. */
function imagesText(images: string, seed: number): string {
  return images === 'standard normal' ? `standard normal, seed ${seed}` : images === 'case' ? "the case's own" : images;
}

/** What groups of parameters give to a kernel. */
async function contributionsOf(
  network: Module,
  x: NDArray,
  { kernel }: Ntk,
  by: Grouping,
  settings: RowsOptions & Abortable,
): Promise<Contribution[]> {
  const program = await JacobianProgram.compile(network, x.shape, settings);
  try {
    return await contributions(await program.run(x, { signal: settings.signal }), kernel, {
      by,
      signal: settings.signal,
    });
  } finally {
    program.dispose();
  }
}

/** κ of a kernel, by a method or as the backend computes eigenvalues. */
async function conditionOf(
  kernel: TangentKernel,
  method: Options['eigen'],
  backend: Backend,
  signal: AbortSignal,
): Promise<Ntk> {
  if (method === undefined) return withConditionNumber(kernel, backend, { signal });
  const { values } =
    method === 'qr'
      ? await symmetricEigenQR(kernel.kernel, { mlMatrix: await import('ml-matrix') })
      : symmetricEigen(kernel.kernel, { method });
  const { dtype, parameters } = kernel;
  return { ...kernel, ...conditionNumberOf(values, { dtype, parameters: parameters.used }) };
}

/** An array as rows, [n, …] with all but the first dimension as one. */
function matrixRows({ shape: [rows, ...rest], data }: NDArray): number[][] {
  const columns = sizeOf(rest);
  return Array.from({ length: rows }, (_, i) => [...data.subarray(i * columns, (i + 1) * columns)]);
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
