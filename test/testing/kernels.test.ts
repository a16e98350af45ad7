import { writeFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { computeNtk, tangentKernel } from '../../src/ntk/index.ts';
import { type Backend, ndarray, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import {
  assertLaw,
  descriptionOf,
  type KernelImplementation,
  kernelLaws,
  LawError,
  type Law,
  type KernelSubject,
} from '../../src/testing/index.ts';
import { runs } from '../support/runs.ts';

const backends: [string, Backend][] = [
  ['the reference backend', referenceBackend],
  ['wasm', wasmBackend({ threads: 2 })],
  ['wasm in float64', wasmBackend({ dtype: 'float64', threads: 2 })],
];

describe.each(backends)('%s', (_, backend) => {
  afterAll(() => backend.close());

  test.each(kernelLaws)('$name', (law) => assertLaw(law, backend, { runs: runs(24) }));
});

const lawNamed = (name: string): Law<KernelSubject> => kernelLaws.find((law) => law.name === name)!;

test("the field's kernel, of all parameters and outputs, satisfies the laws as TE-NAS's does", async () => {
  const kernel: KernelImplementation = {
    kernel: async (network, x, mode) => (await tangentKernel(network, x, { mode, dtype: 'float64' })).kernel,
    ...{ dtype: 'float64', outputs: 'trace', parameters: 'all' },
  };
  for (const law of kernelLaws) await assertLaw(law, kernel, { runs: 2, seed: 1 });
});

/** Wrong kernels, by their mistake, and the law that each breaks. */
const wrong: [string, string, KernelImplementation['kernel']][] = [
  [
    'train mode in place of eval mode',
    'kernel of separate samples',
    async (network, x) => (await computeNtk(network, x, { mode: 'train', dtype: 'float64' })).kernel,
  ],
  [
    'biases as well',
    'kernel by differences',
    async (network, x, mode) => (await computeNtk(network, x, { mode, parameters: 'all', dtype: 'float64' })).kernel,
  ],
  [
    'an error of 1e-7 in one entry',
    'kernel by the definition',
    async (network, x, mode) => {
      const { kernel } = await computeNtk(network, x, { mode, dtype: 'float64' });
      return ndarray(kernel.data.with(1, kernel.data[1] * (1 + 1e-7)), kernel.shape);
    },
  ],
];

/** The failure of a law. */
async function failureOf(law: Law<KernelSubject>, kernel: KernelImplementation['kernel']): Promise<LawError> {
  const failure: unknown = await assertLaw(law, { kernel, dtype: 'float64' }, { runs: 20 }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(LawError);
  return failure as LawError;
}

test.each(wrong)('%s breaks the law "%s"', async (_, name, kernel) => {
  const { message, source } = await failureOf(lawNamed(name), kernel);
  expect(message).toMatch(new RegExp(`^${name}: Θ.*: expected an error of at most .*, got `));
  expect(source).toContain(`await checkLaw('${name}', subject, drawn);`);
});

test('a failing network is shrunk as far as possible', async () => {
  // Wrong wherever there is a batch norm.
  const { source } = await failureOf(lawNamed('kernel by the definition'), async (network, x, mode) => {
    const { kernel } = await computeNtk(network, x, { mode, dtype: 'float64' });
    if (!JSON.stringify(descriptionOf(network)).includes('BatchNorm2d')) return kernel;
    return { ...kernel, data: kernel.data.map((value) => 2 * value) };
  });
  const [, network] = /network: (\[.*\]), shape/.exec(source)!;
  expect(network).toMatch(
    /^\['Sequential', \['BatchNorm2d', 1, \{ eps: [\d.e-]+ \}\], \['(GlobalAvgPool2d|Flatten)'\], \['Linear', \d+, 1\]\]$/,
  );
});

test('the printed program of a broken law runs, and breaks it', async () => {
  const place = fileURLToPath(new URL('./', import.meta.url));
  const [, name, kernel] = wrong[2];
  const { source, message } = await failureOf(lawNamed(name), kernel);
  const subject = `${place}subject.generated.ts`;
  const program = `${place}program.generated.ts`;
  writeFileSync(
    subject,
    `import { computeNtk } from 'ntkit/ntk';
     export const subject = { dtype: 'float64', kernel: async (network, x, mode) => {
       const { kernel } = await computeNtk(network, x, { mode, dtype: 'float64' });
       kernel.data[1] *= 1 + 1e-7;
       return kernel;
     } };`,
  );
  writeFileSync(program, source.replace('./subject.ts', './subject.generated.ts'));
  try {
    await expect(import(program)).rejects.toThrow(message.replace(/ \(\w+\)$/, ''));
  } finally {
    rmSync(subject);
    rmSync(program);
  }
});
