import { writeFileSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArrayDataset, SyntheticDataset } from '../../src/data/index.ts';
import type { Genotype } from '../../src/nn/index.ts';
import { readSweepTable, runSweep, settingsPath } from '../../src/node/index.ts';
import { canonicalForm, cellAt, headerLine, randomCells, type SweepSettings } from '../../src/search/index.ts';
import { wasmBackend } from '../../src/tensor/index.ts';
import { expectInputRejection } from '../support/messages.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-sweep-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a sweep', () => {
  const settings: SweepSettings = {
    data: 'synthetic',
    channels: 2,
    cells: 1,
    classes: 3,
    batchSize: 2,
    repeats: 2,
    mode: 'train',
    init: 'paper',
    seed: 0,
    regions: { batches: 1, samples: 8 },
    backend: 'wasm',
    dtype: 'float32',
  };
  const dataset = new SyntheticDataset({ seed: 1, length: 10, shape: [3, 8, 8] });
  const lanes = [0, 1].map(() => wasmBackend({ threads: 1 }));
  afterAll(() => Promise.all(lanes.map((lane) => lane.close())));
  const sweep = (name: string, cells: readonly Genotype[], more: Partial<SweepSettings> = {}, count = 2) =>
    runSweep({ cells, settings: { ...settings, ...more }, dataset, lanes: lanes.slice(0, count), path: at(name) });
  // Two cells that compute the same, one whose output is 0, and some others.
  const twins = [
    cellAt(Number.parseInt('103001', 5)),
    cellAt(Number.parseInt('301001', 5)),
    cellAt(0),
    ...randomCells(5, 3),
  ];

  test('measures cells that compute the same once, in order, on any number of lanes', async () => {
    expect(canonicalForm(twins[0])).toBe(canonicalForm(twins[1]));
    expect(await sweep('one.csv', twins, {}, 1)).toEqual({ rows: 8, resumed: 0, measured: 7 });
    await sweep('two.csv', twins);
    const [one, two] = await Promise.all(['one.csv', 'two.csv'].map((name) => readFile(at(name), 'utf8')));
    expect(two).toBe(one);
    const { cells, metrics } = await readSweepTable(at('one.csv'));
    expect(cells).toEqual(twins);
    expect(metrics.kappa![1]).toBe(metrics.kappa![0]);
    expect(metrics.kappa![2]).toBe(Infinity);
    expect(metrics.regions![2]).toBe(1);
    // A cell's numbers do not depend on what else is in the table.
    for (const i of [0, 1]) {
      await sweep(`alone ${i}.csv`, [twins[i]]);
      expect((await readFile(at(`alone ${i}.csv`), 'utf8')).split('\n')[1]).toBe(one.split('\n')[1 + i]);
    }
    expect((await readdir(folder)).filter((name) => name.endsWith('.csv.lock'))).toEqual([]);
  });

  test('resumes after the last whole row, wherever it was cut', async () => {
    await sweep('whole.csv', twins);
    const whole = await readFile(at('whole.csv'), 'utf8');
    for (const share of [0, 0.01, 0.3, 0.55, 0.99, 1]) {
      await writeFile(at('cut.csv'), whole.slice(0, Math.floor(share * whole.length)));
      await writeFile(settingsPath(at('cut.csv')), await readFile(settingsPath(at('whole.csv'))));
      await sweep('cut.csv', twins);
      expect(await readFile(at('cut.csv'), 'utf8')).toBe(whole);
    }
    // More cells of the same list continue the table.
    await sweep('grown.csv', twins.slice(0, 3));
    expect(await sweep('grown.csv', twins)).toMatchObject({ rows: 8, resumed: 3 });
    expect(await readFile(at('grown.csv'), 'utf8')).toBe(whole);
  });

  test('of networks without cells between their reductions is resumed', async () => {
    await sweep('shallow.csv', twins.slice(0, 2), { cells: 0 });
    expect(await sweep('shallow.csv', twins.slice(0, 3), { cells: 0 })).toMatchObject({ rows: 3, resumed: 2 });
  });

  test('writes nothing more when another process has taken its lock', async () => {
    const path = at('taken.csv');
    const taking = runSweep({
      cells: twins,
      settings,
      dataset,
      lanes: lanes.slice(0, 1),
      path,
      onRow: (done) => done === 2 && writeFileSync(`${path}.lock`, 'someone else'),
    });
    await expect(taking).rejects.toThrow(
      /taken\.csv: expected to hold the lock .*taken\.csv\.lock, but another process took it/,
    );
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(1 + 2);
    // The other's lock stays.
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('someone else');
    await rm(`${path}.lock`);
  });

  test('refuses a table of other settings or cells, and does not change it', async () => {
    await sweep('mine.csv', twins.slice(0, 2));
    const before = await readFile(at('mine.csv'), 'utf8');
    await expect(sweep('mine.csv', twins, { seed: 1 })).rejects.toThrow(/different settings: seed: expected 0, got 1/);
    await expect(sweep('mine.csv', twins.slice(1))).rejects.toThrow(/line 2, column architecture: expected .* got /);
    await rm(settingsPath(at('mine.csv')));
    await expect(sweep('mine.csv', twins)).rejects.toThrow(/expected its settings in .*mine\.csv\.settings\.json/);
    expect(await readFile(at('mine.csv'), 'utf8')).toBe(before);
    await expect(sweep('large.csv', twins, { batchSize: 99 })).rejects.toThrow(
      /expected at least 99 images, the batch size, got 10/,
    );
  });

  test('that fails before its first row leaves nothing behind', async () => {
    const grey = new ArrayDataset({ name: 'npy grey.npy', images: new Uint8Array(640), shape: [1, 8, 8] });
    const options = { cells: twins, settings, lanes: lanes.slice(0, 1), path: at('never.csv') };
    await expectInputRejection(
      runSweep({ ...options, dataset: grey }),
      'npy grey.npy: the networks take images [3, h, w], got [1, 8, 8]; repeatChannels(dataset, 3) repeats grey',
    );
    await expect(sweep('never.csv', twins, { batchSize: 99 })).rejects.toThrow(
      /expected at least 99 images, the batch size, got 10/,
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([]);
    // Nothing hinders the corrected command.
    expect(await sweep('never.csv', twins.slice(2, 3))).toEqual({ rows: 1, resumed: 0, measured: 1 });
  });

  test('creates no table for invalid settings', async () => {
    await writeFile(at('notes.csv'), 'my notes');
    await expectInputRejection(
      sweep('notes.csv', twins),
      `${at('notes.csv')}: line 1: expected the header ${JSON.stringify(headerLine(2)).slice(0, 60)}…, got "my notes"`,
    );
    expect(await readFile(at('notes.csv'), 'utf8')).toBe('my notes');
    await symlink('/dev/full', at('device.csv'));
    await expect(sweep('device.csv', twins)).rejects.toThrow(/device\.csv: cannot be read \(it is not a file\)/);
  });

  describe('a resumed sweep', () => {
    let rows: string[][];
    const columns = headerLine(2).split(',');
    const resume = async (change: (fields: string[][]) => void) => {
      const changed = structuredClone(rows);
      change(changed);
      await writeFile(at('edited.csv'), [columns, ...changed].map((fields) => `${fields.join(',')}\n`).join(''));
      return sweep('edited.csv', twins.slice(0, 3));
    };
    beforeAll(async () => {
      await sweep('edited.csv', twins.slice(0, 3));
      const text = await readFile(at('edited.csv'), 'utf8');
      rows = text
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','));
    });

    test('reads its own table', async () => {
      expect(await resume(() => undefined)).toEqual({ rows: 3, resumed: 3, measured: 0 });
    });

    test.each([
      ['parameters', '-5', 'a whole number'],
      ['flops', '1.5', 'a whole number'],
      ['lambda_min_1', 'oops', 'a finite number'],
      ['lambda_min_2', 'NaN', 'a finite number'],
      ['lambda_max_1', '-1', 'a finite number of at least lambda_min'],
      ['noise_floor_2', '-1e-9', 'a finite number of at least 0'],
      ['regions_1', '-5', 'a whole number of at most 8'],
      ['regions_2', '9', 'a whole number of at most 8'],
    ])('refuses %s of %s', async (column, value, expected) => {
      await expectInputRejection(
        resume(([, row]) => (row[columns.indexOf(column)] = value)),
        `${at('edited.csv')}: line 3, column ${column}: expected ${expected}, got "${value}"`,
      );
    });

    test.each([
      ['kappa', '-7'],
      ['regions', '2.25'],
      ['kappa_1', '-7'],
      ['kappa_2', ''],
      ['verdict_1', 'indefinite'],
      ['verdict_2', 'certain'],
    ])('refuses a %s of %j, which the other fields do not give', async (column, value) => {
      const place = columns.indexOf(column);
      await expectInputRejection(
        resume(([row]) => (row[place] = value)),
        `${at('edited.csv')}: line 2, column ${column}: expected ${rows[0][place]}, as the other fields give, got "${value}"`,
      );
    });

    test.each(['parameters', 'flops'])('refuses %s that the network does not have', async (column) => {
      const place = columns.indexOf(column);
      await expectInputRejection(
        resume(([, row]) => (row[place] = '7')),
        `${at('edited.csv')}: line 3, column ${column}: expected ${rows[1][place]}, as the cell has, got 7`,
      );
    });

    test('refuses a row with the wrong number of fields, or of another cell', async () => {
      await expect(resume(([row]) => void row.pop())).rejects.toThrow(/line 2: expected 17 fields, got 16: /);
      await expect(resume((all) => void all.reverse())).rejects.toThrow(
        /line 2, column architecture: expected .* got /,
      );
      await expect(resume(([row]) => (row[0] = 'x'))).rejects.toThrow(/line 2, column architecture: .*"x"/);
    });

    test.each([
      ['null', 'expected an object, got null'],
      ['{"seed": 0', 'line 1, column 11: expected JSON, got the end of the file'],
      ['{\n "seed": zero}', 'expected JSON, got "{\\n \\"seed\\": zero}"'],
      ['{\n "seed": 01, "more": 2}', 'line 2, column 11: expected JSON, got "1, \\"more\\": 2}"'],
    ])('refuses settings of %j', async (text, problem) => {
      const whole = await readFile(settingsPath(at('edited.csv')), 'utf8');
      await writeFile(settingsPath(at('edited.csv')), text);
      await expectInputRejection(
        resume(() => undefined),
        `${settingsPath(at('edited.csv'))}: ${problem}`,
      );
      await writeFile(settingsPath(at('edited.csv')), whole);
    });

    test('refuses settings with a field that is missing, wrong or unknown', async () => {
      const path = settingsPath(at('edited.csv'));
      const whole = await readFile(path, 'utf8');
      const refused = async (change: object, problem: string) => {
        await writeFile(path, JSON.stringify({ ...(JSON.parse(whole) as object), ...change }));
        await expectInputRejection(
          resume(() => undefined),
          `${path}: ${problem}`,
        );
      };
      await refused({ seed: undefined }, 'seed: expected this field, got nothing');
      await refused({ mode: 'Train' }, 'mode: expected "train" or "eval", got "Train"');
      await refused({ regions: { batches: 0, samples: 8 } }, 'regions.batches: expected at least 1, got 0');
      await refused({ regions: { batches: 1.5, samples: 8 } }, 'regions.batches: expected a whole number, got 1.5');
      await refused({ more: 1 }, 'more: expected no such field, got "more"');
      await writeFile(path, whole);
    });
  });

  test('is read by its whole rows, and named in errors', async () => {
    await sweep('table.csv', twins.slice(0, 2));
    await appendFile(at('table.csv'), 'half a line');
    expect((await readSweepTable(at('table.csv'))).cells).toHaveLength(2);
    await expect(readSweepTable(at('nothing.csv'))).rejects.toThrow(/cannot be read, there is no such file/);
    const refused = async (content: string, message: RegExp) => {
      await writeFile(at('bad.csv'), content);
      await expect(readSweepTable(at('bad.csv'))).rejects.toThrow(message);
    };
    await refused('a,b\n', /expected columns architecture and kappa or/);
    await refused('architecture,kappa\nx,1\n', /line 2, column architecture: .*architecture "x"/);
    await refused('architecture,kappa\nx\n', /line 2: expected 2 fields, got 1/);
    const cell = '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|';
    await refused(`architecture,flops\n${cell},many\n`, /line 2, column flops: expected a number, got "many"/);
    await writeFile(at('good.csv'), `kappa,architecture\n-3,${cell}\n2.5,${cell}\n`);
    expect((await readSweepTable(at('good.csv'))).metrics.kappa).toEqual([Infinity, 2.5]);
  });
});
