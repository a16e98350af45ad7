import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/data/index.ts';
import { Generator } from '../../src/tensor/index.ts';
import { COMMAND, ntkit, start as startProgram } from '../support/command.ts';
import { goldenPath } from '../support/golden.ts';

const start = (...args: string[]) => startProgram([...COMMAND, ...args]);

let folder: string;
const at = (name: string) => join(folder, name);
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-cli-'));
  await writeFile(at('images.npy'), encodeNpy(new Generator(1).normals([12, 3, 4, 4])));
  data = `npy:${at('images.npy')}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tinySearch = () => [
  'search',
  '--data',
  data,
  '--batch-size',
  '2',
  '--repeats',
  '1',
  '--region-samples',
  '8',
  '--threads',
  '1',
];
const tinySweep = () => [
  ...['sweep', '--data', data, '--count', '25', '--channels', '2', '--batch-size', '2', '--repeats', '2'],
  ...['--region-samples', '8', '--threads', '2', '--seed', '4'],
];

/** How often a run is killed; checked with ten. */
const KILLS = Number(process.env['NTKIT_KILLS'] ?? 2);

/**
 * Kills a run at random moments of its work, starting it again each time, and lets the last one end.
 *
 * @param progress how much is done, of `total`, as far as the files tell.
 * @returns how often it was killed during its work.
 */
async function killAndResume(
  args: readonly string[],
  progress: () => Promise<number>,
  total: number,
  seed: number,
): Promise<number> {
  const generator = new Generator(seed).fork('kills');
  const moments = Array.from({ length: KILLS }, () => 1 + generator.integer(total - 1)).sort((a, b) => a - b);
  let killed = 0;
  for (const moment of moments) {
    const { child, done } = start(...args);
    let ended = false;
    void done.then(() => (ended = true));
    while (!ended && (await progress()) < moment) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, generator.uniform(0, 40)));
    if (child.kill('SIGKILL') && (await done).code === null) killed += 1;
  }
  const { code, stderr } = await ntkit(...args);
  expect(stderr).not.toMatch(/ntkit:/);
  expect(code).toBe(0);
  return killed;
}

describe('killed at random moments and resumed', () => {
  test('a sweep gives the same table as without interruptions', async () => {
    expect(await ntkit(...tinySweep(), '--out', at('whole.csv'))).toMatchObject({ code: 0 });
    const whole = await readFile(at('whole.csv'), 'utf8');
    expect(whole.trim().split('\n')).toHaveLength(26);
    const rows = () =>
      readFile(at('killed.csv'), 'utf8').then(
        (text) => text.split('\n').length - 2,
        () => 0,
      );
    expect(await killAndResume([...tinySweep(), '--out', at('killed.csv')], rows, 25, 1)).toBeGreaterThan(0);
    expect(await readFile(at('killed.csv'), 'utf8')).toBe(whole);
  }, 300_000);

  test('a search gives the same history, state and page', async () => {
    const args = [...tinySearch(), '--resume', '--out'];
    const { code, stdout } = await ntkit(...args, at('whole'), '--json');
    expect(code).toBe(0);
    const measured = () =>
      readFile(join(at('killed'), 'search.json'), 'utf8').then(
        (text) => (JSON.parse(text) as { entries: unknown[] }).entries.length,
        () => 0,
      );
    expect(await killAndResume([...args, at('killed')], measured, 54, 2)).toBeGreaterThan(0);
    for (const name of ['search.json', 'history.json', 'report.html']) {
      expect(await readFile(join(at('killed'), name), 'utf8')).toBe(await readFile(join(at('whole'), name), 'utf8'));
    }
    // A finished search measures nothing more and prints the same result.
    const again = JSON.parse((await ntkit(...args, at('killed'), '--json')).stdout) as Record<string, unknown>;
    const first = JSON.parse(stdout) as Record<string, unknown>;
    expect({ ...again, seconds: 0 }).toEqual({ ...first, seconds: 0 });
    expect(first).toMatchObject({ space: 'nas-bench-201', backend: 'wasm', rounds: 3, candidates: 54, batchSize: 2 });
    expect((first.accuracy as { cifar10: number }).cifar10).toBeGreaterThan(9);

    const refused = await ntkit(...tinySearch(), '--out', at('whole'));
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/search\.json: already holds a search, expected --resume or another folder/);
    const other = await ntkit(...args, at('whole'), '--fidelity', 'code');
    expect(other.stderr).toMatch(/started with different settings: fidelity: expected "paper", got "code"/);

    const html = await readFile(join(at('whole'), 'report.html'), 'utf8');
    const page = (parseHTML(html) as unknown as { document: Element }).document;
    expect(html).not.toContain('<script');
    expect(page.querySelectorAll('h3')).toHaveLength(3);
    // The cell before and after: 24, 18, 12 and 6 operations; and every round's scores.
    const strands = [...page.querySelectorAll('.strip svg')].map((svg) => svg.querySelectorAll('path').length);
    expect(strands).toEqual([6, 24, 18, 12, 6]);
    const charts = [...page.querySelectorAll('[aria-label="sums of ranks"]')];
    expect(charts.map((chart) => chart.querySelectorAll('rect').length)).toEqual([24, 18, 12]);
    expect(
      [...page.querySelectorAll('table.scores, details table')].map((t) => t.querySelectorAll('tr.gone').length),
    ).toEqual([6, 6, 6]);
  }, 300_000);
});

describe('a second sweep of a table', () => {
  test('is refused while the first one runs, and accepted after it', async () => {
    const args = [...tinySweep(), '--out', at('shared.csv')];
    const first = start(...args);
    let ended = false;
    void first.done.then(() => (ended = true));
    const locked = () => readFile(at('shared.csv.lock'), 'utf8').then(Boolean, () => false);
    while (!ended && !(await locked())) await new Promise((resolve) => setTimeout(resolve, 1));
    first.child.kill('SIGSTOP'); // it stays alive, however slow the second is
    const second = await ntkit(...args);
    first.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 2, stdout: '' });
    expect(second.stderr).toMatch(/^ntkit: .*shared\.csv: already being written by process \d+\n$/);
    expect(await first.done).toMatchObject({ code: 0 });
    const third = await ntkit(...args, '--json');
    expect(JSON.parse(third.stdout)).toMatchObject({ rows: 25, resumed: 25, measured: 0, backend: 'wasm' });
  });
});

describe('ntkit correlate', () => {
  test('gives τ and ρ with intervals, and a plot of every metric', async () => {
    expect(await ntkit(...tinySweep(), '--out', at('table.csv'))).toMatchObject({ code: 0 });
    const args = ['correlate', at('table.csv'), '--dataset', 'cifar100', '--resamples', '50'];
    const page = at('correlation.html');
    const { code, stdout } = await ntkit(...args, '--json', '--html', page);
    expect(code).toBe(0);
    const { cells, correlations } = JSON.parse(stdout) as {
      cells: number;
      correlations: { metric: string; kendallTau: { value: number; low: number; high: number } }[];
    };
    expect(cells).toBe(25);
    expect(correlations.map(({ metric }) => metric)).toEqual(['kappa', 'regions', 'parameters', 'flops']);
    for (const { kendallTau } of correlations) {
      expect(kendallTau.low).toBeLessThanOrEqual(kendallTau.value);
      expect(kendallTau.high).toBeGreaterThanOrEqual(kendallTau.value);
    }
    // On 25 random cells the number of parameters goes with accuracy, as everyone finds.
    expect(correlations[2].kendallTau.value).toBeGreaterThan(0.2);
    const { document } = parseHTML(await readFile(page, 'utf8')) as unknown as { document: Element };
    expect(document.querySelectorAll('svg[role=img]')).toHaveLength(4);
    expect(document.querySelectorAll('[aria-label="parameters and accuracy"] circle')).toHaveLength(25);
    expect((await ntkit(...args)).stdout).toMatch(/with cifar100 .*Kendall τ-b[\s\S]*│ κ +│/);
  });
});

describe('ntkit regions', () => {
  test('counts the reference exactly', async () => {
    const { code, stdout } = await ntkit('regions', goldenPath('linear-regions-nb201-01'), '--json');
    expect(code).toBe(0);
    const expected = { name: 'linear-regions-nb201-01', backend: 'wasm', samples: 1200, reluUnits: 99, regions: 1189 };
    expect(JSON.parse(stdout)).toMatchObject(expected);
    const one = await ntkit('regions', goldenPath('nb201-arch-00-train'), '--backend', 'reference');
    expect(one.stdout).toMatch(/^nb201-arch-00-train: \d+ linear regions among \d+ samples/);
  });
});

describe('bad input gives exit code 2 and one clear line', () => {
  test('of a list of cells, with the line', async () => {
    await writeFile(at('cells.txt'), '# cells\n\n|nor_conv_1x1~0|+|x|\n');
    const { code, stderr } = await ntkit('sweep', '--archs', at('cells.txt'), '--out', at('cells.csv'));
    expect(stderr).toMatch(/--archs \S*cells\.txt: line 3: architecture "\|nor_conv_1x1~0\|\+\|x\|": expected 3 nodes/);
    expect(code).toBe(2);
  });

  test.each([
    [['sweep'], /sweep: expected one of --count N, --all and --archs FILE/],
    [['sweep', '--count', '20000'], /expected an integer from 1 to 15625/],
    [['sweep', '--archs', '/no/such/file'], /--archs \/no\/such\/file: cannot be read \(ENOENT\)/],
    [['sweep', '--count', '3', '--out', '/no/such/folder/x.csv'], /cannot be written \(ENOENT\)/],
    [['search', '--resume'], /--resume: expected with --out DIR/],
    [['search', '--batch-size', '1001'], /sample-1000: expected at least 1001 images, the batch size, got 1000/],
    [['search', '--html', '/no/such/page.html'], /\/no\/such\/page\.html: cannot be written \(ENOENT\)/],
    [['correlate', '/no/such.csv'], /table \/no\/such\.csv: cannot be read, there is no such file/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await ntkit(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
