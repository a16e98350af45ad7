import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ntkit } from '../support/command.ts';

const kinks = new URL('../ntk/kinks/kink-supernet.safetensors', import.meta.url).pathname;
const goldens = new URL('../golden/', import.meta.url).pathname;
const cell = join(goldens, 'nb201-arch-01-train.safetensors');

interface Told {
  readonly kappa: number;
  readonly kappaInterval: [number, number];
  readonly kinks: number | null;
  readonly kappaSides: number[] | null;
  readonly rank: number;
  readonly rowError: number;
  readonly dtype: string;
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  readonly ntk: number[][];
  readonly contributions?: { name: string; parameters: number; trace: number; lambdaMin: number; lambdaMax: number }[];
  readonly parameters: number;
}

async function json(...args: string[]): Promise<Told> {
  const { code, stdout, stderr } = await ntkit('ntk', ...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Told;
}

test('ntkit ntk --json has the certificate: kinks, the interval with both sides, the rank', async () => {
  const told = await json(kinks);
  expect(told.kinks).toBeGreaterThan(0);
  expect(told.kappaSides).toHaveLength(Math.min(4, told.kinks!));
  expect(told.kappaInterval[0]).toBeLessThan(6.15904982);
  expect(told.kappaInterval[1]).toBeGreaterThan(6.15904983);
  expect(told.rank).toBe(12);
  // 32·2⁻²³ is what is allowed where nothing is measured.
  expect(told.rowError).not.toBe(2 ** -18);
});

test('--no-certificate gives the interval of bounded errors', async () => {
  const told = await json(cell, '--no-certificate');
  expect(told).toMatchObject({ kinks: null, kappaSides: null, rowError: 2 ** -18, rank: 8 });
  expect(told.kappaInterval[0]).toBeLessThan(told.kappa);
  expect(told.kappaInterval[1]).toBeGreaterThan(told.kappa);
});

test('--by layer: what layers supply adds up to λmin, λmax and tr Θ, in JSON and in the table', async () => {
  const told = await json(cell, '--by', 'layer', '--backend', 'reference', '--no-certificate');
  const total = (of: (each: NonNullable<Told['contributions']>[number]) => number) =>
    told.contributions!.reduce((sum, each) => sum + of(each), 0);
  expect(total(({ lambdaMin }) => lambdaMin) / told.lambdaMin).toBeCloseTo(1, 10);
  expect(total(({ lambdaMax }) => lambdaMax) / told.lambdaMax).toBeCloseTo(1, 12);
  const trace = told.ntk.reduce((sum, row, i) => sum + row[i], 0);
  expect(total((each) => each.trace) / trace).toBeCloseTo(1, 12);
  expect(total(({ parameters }) => parameters)).toBe(told.parameters);
  expect(told.contributions!.map(({ name }) => name)).toContain('cells.0.layers.0.op.1');

  const { stdout } = await ntkit('ntk', cell, '--by', 'edge', '--no-certificate');
  expect(stdout).toMatch(/│ cells\.0\.layers\.0 +│ +\d+ │ +[\d.]+ % │/);
});

test('--precise computes in float64 and takes singular values', async () => {
  const told = await json(cell, '--precise');
  expect(told.dtype).toBe('float64');
  const { kappa_float64: right } = await metadataOf(cell);
  expect(Math.abs(told.kappa / Number(right) - 1)).toBeLessThan(1e-11);
  expect(told.kappaInterval[1] / told.kappaInterval[0]).toBeLessThan(1 + 1e-11);
});

test('the table is followed by the certificate', async () => {
  const { stdout } = await ntkit('ntk', kinks);
  expect(stdout).toMatch(
    /κ lies between 6\.\d+ and 6\.\d+; the rank is 12 of 12\. Rows may be wrong by .* \(measured\)\./,
  );
  expect(stdout).toMatch(
    /\d+ inputs lie so near to a kink that rounding decides their side; taken to the other side in 4 groups κ is /,
  );
});

test.each([
  [['--precise', '--dtype', 'float32'], '--precise: expected --dtype float64, got float32'],
  [['--precise', '--eigen', 'qr'], '--eigen qr: expected no --precise, which takes singular values'],
  [['--precise', '--x2', cell], '--precise: expected no --x2: Θ(x1, x2) has no κ'],
  [['--by', 'layer', '--x2', cell], '--by: expected no --x2: Θ(x1, x2) has no eigenvalues'],
  [['--precise', '--backend', 'gpu'], '--dtype float64: the gpu backend computes in float32'],
])('refused: %j', async (args, message) => {
  const { code, stdout, stderr } = await ntkit('ntk', cell, ...args);
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `ntkit: ${message}\n` });
});

async function metadataOf(path: string): Promise<Record<string, string>> {
  const bytes = await readFile(path);
  const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString();
  return (JSON.parse(header) as { __metadata__: Record<string, string> }).__metadata__;
}
