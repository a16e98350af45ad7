import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SyntheticDataset } from '../../src/data/index.ts';
import {
  acquireLock,
  AppendOnlyFile,
  loadSearch,
  readSweepTable,
  runSweep,
  saveSearch,
  settingsPath,
  writeAtomically,
} from '../../src/node/index.ts';
import {
  canonicalForm,
  cellAt,
  randomCells,
  Search,
  type SearchSettings,
  type SweepSettings,
} from '../../src/search/index.ts';
import type { Genotype } from '../../src/nn/index.ts';
import { InputError, wasmBackend } from '../../src/tensor/index.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-search-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a file that only grows', () => {
  test('loses what was written of a line, and nothing else', async () => {
    const path = at('lines');
    const first = await AppendOnlyFile.open(path);
    expect(first.lines).toEqual([]);
    for (const line of ['one', 'zwei', 'τρία']) await first.append(line);
    await first.close();
    const whole = await readFile(path);
    // Cut at every byte: what is left are the lines before.
    for (let length = whole.length; length >= 0; length--) {
      await writeFile(path, whole.subarray(0, length));
      const file = await AppendOnlyFile.open(path);
      const kept = whole.subarray(0, length).toString('latin1').split('\n').length - 1;
      expect(file.lines).toEqual(['one', 'zwei', 'τρία'].slice(0, kept));
      await file.append('next');
      await file.close();
      expect((await readFile(path, 'utf8')).split('\n')).toEqual([
        ...['one', 'zwei', 'τρία'].slice(0, kept),
        'next',
        '',
      ]);
    }
  });
});

describe('a file replaced at once', () => {
  test('has the new content, and no draft stays', async () => {
    await writeAtomically(at('state'), 'old');
    await writeAtomically(at('state'), 'new');
    expect(await readFile(at('state'), 'utf8')).toBe('new');
    expect((await readdir(folder)).filter((name) => name.startsWith('state'))).toEqual(['state']);
    await expect(writeAtomically(at('no/such/folder'), 'x')).rejects.toThrow(/cannot be written \(ENOENT\)/);
  });
});

describe('a lock', () => {
  test('is held by one, and free again when released', async () => {
    const lock = await acquireLock(at('a.lock'), 'a');
    await expect(acquireLock(at('a.lock'), 'a')).rejects.toThrow(`a: already being written by process ${process.pid}`);
    await lock.check();
    await lock.release();
    const again = await acquireLock(at('a.lock'), 'a');
    await again.release();
    expect((await readdir(folder)).filter((name) => name.startsWith('a.lock'))).toEqual([]);
  });

  test('of a dead process is taken over, by one of many who try', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    await once(child, 'exit');
    const holder = JSON.parse(await contentOf(at('b.lock'))) as object;
    for (let round = 0; round < 30; round++) {
      await writeFile(at('b.lock'), JSON.stringify({ ...holder, pid: child.pid, token: 'dead' }));
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(at('b.lock'), 'b')));
      const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
      expect(held).toHaveLength(1);
      expect(new Set(refused).size).toBe(1);
      expect(refused[0]).toContain(`b: already being written by process ${process.pid}`);
      await held[0].check();
      expect((await readdir(folder)).filter((name) => name.startsWith('b.lock'))).toEqual(['b.lock']);
      await held[0].release();
    }
  });

  test('of a process whose number was used again is taken over, as is one that is no lock at all', async () => {
    const holder = JSON.parse(await contentOf(at('c.lock'))) as object;
    await writeFile(at('c.lock'), JSON.stringify({ ...holder, started: '1' }));
    await (await acquireLock(at('c.lock'), 'c')).release();
    await writeFile(at('c.lock'), '{"pid');
    await (await acquireLock(at('c.lock'), 'c')).release();
  });

  test('of another machine is left alone', async () => {
    const holder = JSON.parse(await contentOf(at('d.lock'))) as object;
    await writeFile(at('d.lock'), JSON.stringify({ ...holder, host: 'elsewhere' }));
    await expect(acquireLock(at('d.lock'), 'd')).rejects.toThrow(/on elsewhere \(if that is dead, remove .*d\.lock\)/);
  });

  test('that was taken away is noticed', async () => {
    const lock = await acquireLock(at('e.lock'), 'e');
    await rm(at('e.lock'));
    await expect(lock.check()).rejects.toThrow(/expected to hold the lock/);
    const other = await acquireLock(at('e.lock'), 'e');
    await lock.release(); // not ours: it stays
    await other.check();
    await other.release();
  });

  async function contentOf(path: string): Promise<string> {
    const lock = await acquireLock(path, 'x');
    const content = await readFile(path, 'utf8');
    await lock.release();
    return content;
  }
});

describe('a saved search', () => {
  const settings: SearchSettings = {
    space: 'nas-bench-201',
    fidelity: 'paper',
    criteria: 'regions',
    paired: true,
    seed: 0,
    data: 'synthetic',
    classes: 10,
    batchSize: 2,
    repeats: 1,
    pruneNumber: 1,
    digits: 3,
    regions: { batches: 1, samples: 2 },
    backend: 'reference',
    dtype: 'float64',
  };

  test('is what it was, and refuses other settings', async () => {
    const search = new Search(settings, [{ before: [{ regions: 7 }] }, { after: [{ regions: 6 }] }]);
    expect(await loadSearch(at('none.json'), settings)).toBeUndefined();
    await saveSearch(at('search.json'), search);
    expect(await loadSearch(at('search.json'), settings)).toEqual(search.entries);
    await expect(loadSearch(at('search.json'), { ...settings, seed: 1 })).rejects.toThrow(
      /begun with other settings: seed: expected 0, got 1/,
    );
    for (const bad of ['', '{"format":"ntkit search 1"', '{}', 'null', '[]']) {
      await writeFile(at('bad.json'), bad);
      await expect(loadSearch(at('bad.json'), settings)).rejects.toThrow(InputError);
    }
  });
});

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

  test('goes on after the last whole row, wherever it was cut', async () => {
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

  test('writes nothing more when another has taken its lock', async () => {
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
      /taken\.csv: expected to hold the lock .*taken\.csv\.lock, but someone took it/,
    );
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(1 + 2);
    // The other's lock stays.
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('someone else');
    await rm(`${path}.lock`);
  });

  test('refuses a table of other settings or cells, and leaves it as it is', async () => {
    await sweep('mine.csv', twins.slice(0, 2));
    const before = await readFile(at('mine.csv'), 'utf8');
    await expect(sweep('mine.csv', twins, { seed: 1 })).rejects.toThrow(/other settings: seed: expected 0, got 1/);
    await expect(sweep('mine.csv', twins.slice(1))).rejects.toThrow(/row 1: expected .* got /);
    await rm(settingsPath(at('mine.csv')));
    await expect(sweep('mine.csv', twins)).rejects.toThrow(/expected its settings in .*mine\.csv\.settings\.json/);
    expect(await readFile(at('mine.csv'), 'utf8')).toBe(before);
    await expect(sweep('large.csv', twins, { batchSize: 99 })).rejects.toThrow(/hold only 10 images/);
  });

  test('gives a table that says what is wrong with it', async () => {
    await sweep('table.csv', twins.slice(0, 2));
    await appendFile(at('table.csv'), 'half a line');
    expect((await readSweepTable(at('table.csv'))).cells).toHaveLength(2);
    await expect(readSweepTable(at('nothing.csv'))).rejects.toThrow(/cannot be read \(ENOENT\)/);
    const refused = async (content: string, message: RegExp) => {
      await writeFile(at('bad.csv'), content);
      await expect(readSweepTable(at('bad.csv'))).rejects.toThrow(message);
    };
    await refused('a,b\n', /expected columns architecture and kappa or/);
    await refused('architecture,kappa\nx,1\n', /architecture "x"/);
    await refused('architecture,kappa\nx\n', /row 1: expected 2 fields, got 1/);
    const cell = '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|';
    await refused(`architecture,flops\n${cell},many\n`, /row 1: flops: expected a number, got many/);
    await writeFile(at('good.csv'), `kappa,architecture\n-3,${cell}\n2.5,${cell}\n`);
    expect((await readSweepTable(at('good.csv'))).metrics.kappa).toEqual([Infinity, 2.5]);
  });
});
