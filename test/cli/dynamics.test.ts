import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/data/index.ts';
import { ntkit } from '../support/command.ts';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The fields of the JSON that are read here. */
interface Told {
  readonly samples: number;
  readonly outputs: number;
  readonly parameters: number;
  readonly modes: readonly { readonly eigenvalue: number; readonly curvature: number; readonly steps: number }[];
  readonly learningRate: number;
  readonly learningRateLimit: number;
  readonly loss: { readonly predicted: readonly number[]; readonly real: readonly number[] };
  readonly outputGap: number;
  readonly checkpoints?: readonly {
    readonly step: number;
    readonly loss: number;
    readonly accuracy?: number;
    readonly distance: number;
    readonly eigenvalues: readonly number[];
  }[];
}

async function told(...args: string[]): Promise<Told> {
  const { code, stdout, stderr } = await ntkit('dynamics', ...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Told;
}

/** The largest difference, relative to the first of the predicted. */
function gap({ predicted, real }: Told['loss']): number {
  return Math.max(...predicted.map((loss, i) => Math.abs(loss - real[i]))) / predicted[0];
}

describe('ntkit dynamics', () => {
  test.each([[], ['--momentum', '0.8'], ['--momentum', '0.8', '--nesterov']])(
    'of a linear model predicts what gradient descent does: %s',
    async (...settings) => {
      const linear = await told(
        '--mlp',
        '5,2',
        '--steps',
        '40',
        '--batch-size',
        '4',
        '--dtype',
        'float64',
        ...settings,
      );
      expect(linear).toMatchObject({ samples: 4, outputs: 2, parameters: 10 });
      expect(linear.modes).toHaveLength(8);
      expect(linear.loss.real).toHaveLength(41);
      expect(gap(linear.loss)).toBeLessThan(1e-12);
      expect(linear.outputGap).toBeLessThan(1e-12);
      expect(linear.learningRate).toBe(linear.learningRateLimit / 2);
      // It trained.
      expect(linear.loss.real[40]).toBeLessThan(linear.loss.real[0] / 2);
    },
  );

  test('of ReLU networks gets closer with the width, and reports the limit of the learning rate', async () => {
    const [narrow, wide] = [
      await told('--mlp', '4,16,1', '--steps', '60'),
      await told('--mlp', '4,2048,1', '--steps', '60'),
    ];
    expect(gap(wide.loss)).toBeLessThan(gap(narrow.loss) / 3);
    expect(gap(wide.loss)).toBeLessThan(0.02);
    const most = wide.modes[wide.modes.length - 1];
    expect(wide.learningRateLimit / (2 / most.curvature)).toBeCloseTo(1, 12);
    const beyond = ['--mlp', '4,2048,1', '--steps', '60', '--learning-rate', String(1.1 * wide.learningRateLimit)];
    const { loss } = await told(...beyond);
    expect(Math.max(...loss.predicted)).toBeGreaterThan(10 * loss.predicted[0]);
  });

  test('trains on the images and targets of files, and writes a page', async () => {
    const images = file('images.npy');
    const targets = file('targets.npy');
    await writeFile(
      images,
      encodeNpy({ shape: [3, 4], data: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i)) }),
    );
    await writeFile(targets, encodeNpy({ shape: [3], data: Float64Array.of(1, -1, 0.5) }));
    const args = ['--mlp', '4,64,1', '--images', images, '--targets', targets, '--steps', '500'];
    const { code, stdout, stderr } = await ntkit('dynamics', ...args, '--html', file('page.html'));
    expect(code).toBe(0);
    expect(stderr).toBe(`wrote ${file('page.html')}\n`);
    expect(stdout).toMatch(
      /^┌─+┬[^]*3 of 3 modes lie above the noise floor[^]*Loss after 500 steps: \S+ predicted, \S+ real/,
    );
    const page = await readFile(file('page.html'), 'utf8');
    expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(3);
    expect(page).toContain('<h1>Training dynamics of mlp 4-64-1</h1>');
    expect(page).not.toContain('NaN');
    const [, real, start] = /predicted, (\S+) real, from ([^;]+);/.exec(stdout)!;
    expect(Number(real)).toBeLessThan(1e-4 * Number(start));
  });

  test('computes the kernel again at checkpoints, in JSON, a table, CSV and a page', async () => {
    const args = ['--mlp', '4,16,2', '--steps', '30', '--checkpoints', '0,3,30', '--dtype', 'float64'];
    const targets = file('classes.npy');
    const classes = Float64Array.from({ length: 32 }, (_, e) => Number(e % 2 === Math.floor(e / 2) % 2));
    await writeFile(targets, encodeNpy({ shape: [16, 2], data: classes }));
    args.push('--targets', targets);
    const { checkpoints, loss, modes } = await told(...args);
    expect(checkpoints!.map(({ step }) => step)).toEqual([0, 3, 30]);
    for (const { step, loss: here } of checkpoints!) expect(here / loss.real[step]).toBeCloseTo(1, 12);
    const [first, , last] = checkpoints!;
    // The kernel of the modes is of all pairs of outputs, this one their sum: the traces are equal.
    const trace = modes.reduce((sum, { eigenvalue }) => sum + eigenvalue, 0);
    expect(first.eigenvalues.reduce((sum, value) => sum + value, 0) / trace).toBeCloseTo(1, 12);
    expect(first).toMatchObject({ distance: 0, verdict: 'resolved' });
    expect(last.distance).toBeGreaterThan(1e-4);
    expect(last.accuracy).toBeGreaterThan(first.accuracy!);

    const { code, stdout } = await ntkit('dynamics', ...args, '--csv', file('trace.csv'), '--html', file('trace.html'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/Θ through training:\n┌[^]*accuracy[^]*│ +30 │/);
    const [head, ...rows] = (await readFile(file('trace.csv'), 'utf8')).trim().split('\n');
    expect(head).toMatch(/^step,loss,accuracy,distance,/);
    expect(rows.map((row) => row.split(',').slice(0, 4).map(Number))).toEqual(
      checkpoints!.map((each) => [each.step, each.loss, each.accuracy, each.distance]),
    );
    const page = await readFile(file('trace.html'), 'utf8');
    // A wide chart is drawn twice, once for narrow screens.
    expect(page.split('<div class="narrow">').length + 6).toBe(page.match(/<svg/g)!.length);
    expect(page).toContain('The kernel through training');
  });

  test('reports when training has diverged, with the checkpoints before', async () => {
    const args = ['--mlp', '4,16,1', '--steps', '40', '--checkpoints', '0,1,40', '--learning-rate', '1e6', '--json'];
    const { code, stdout, stderr } = await ntkit('dynamics', ...args);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^kernel trace: training has diverged: \S+ holds \S+ after 40 steps\n$/);
    expect((JSON.parse(stdout) as Told).checkpoints!.map(({ step }) => step)).toEqual([0, 1]);
  });

  test('of a case trains its network in its mode', async () => {
    const path = new URL('../golden/nb201-arch-00-train.safetensors', import.meta.url).pathname;
    const args = [path, '--batch-size', '2', '--steps', '3', '--learning-rate', '1e-7', '--dtype', 'float64'];
    const { loss, samples } = await told(...args);
    expect(samples).toBe(2);
    // So small a step that the network is as linear as float64 can tell.
    const [real, predicted] = [loss.real, loss.predicted].map((each) => each[3] - each[0]);
    expect(real).toBeLessThan(0);
    expect(real / predicted).toBeCloseTo(1, 4);
  });

  test.each([
    [[], 'dynamics: expected a file or --mlp WIDTHS, got neither'],
    [['case.safetensors', '--mlp', '3,1'], 'dynamics: expected a file or --mlp WIDTHS, got both'],
    [['--mlp', '3'], "option '--mlp <widths>' argument '3' is invalid. expected two or more widths"],
    [['--mlp', '3,1', '--momentum', '1'], 'expected a number from 0 to below 1.'],
    [['--mlp', '3,1', '--learning-rate', '0'], 'expected a number above 0.'],
    [['--mlp', '3,1', '--targets', '/nowhere.npy'], '/nowhere.npy'],
    [
      ['--mlp', '3,1', '--checkpoints', '1,1'],
      "argument '1,1' is invalid. expected numbers of steps in ascending order",
    ],
    [['--mlp', '3,1', '--checkpoints', '0,300'], '--checkpoints 300: expected at most the 200 of --steps'],
    [['--mlp', '3,1', '--csv', 'x.csv'], '--csv x.csv: expected with --checkpoints'],
    [['--mlp', '3,1', '--checkpoints', '0', '--csv', '/nowhere/x.csv'], '/nowhere/x.csv'],
  ])('%s is refused', async (args, message) => {
    const { code, stdout, stderr } = await ntkit('dynamics', ...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('targets of the wrong size are refused', async () => {
    const targets = file('two.npy');
    await writeFile(targets, encodeNpy({ shape: [2, 1], data: Float64Array.of(1, 2) }));
    const { code, stderr } = await ntkit('dynamics', '--mlp', '3,1', '--targets', targets);
    expect(code).toBe(2);
    expect(stderr).toContain('expected [16, 1], samples by outputs, got [2, 1]');
  });
});
