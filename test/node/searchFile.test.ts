import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSearch, saveSearch } from '../../src/node/index.ts';
import {
  type Entry,
  type KappaMeasurement,
  type Measurement,
  Search,
  type SearchSettings,
} from '../../src/search/index.ts';
import { expectInputRejection } from '../support/messages.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-search-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const settings: SearchSettings = {
  space: 'nas-bench-201',
  fidelity: 'paper',
  criteria: 'both',
  paired: true,
  seed: 0,
  data: 'synthetic',
  classes: 10,
  batchSize: 2,
  repeats: 1,
  pruneNumber: 1,
  digits: 3,
  regions: { batches: 2, samples: 20 },
  backend: 'reference',
  dtype: 'float64',
};

const measured = (i: number): Measurement => ({
  kappa: { lambdaMin: 1, lambdaMax: 2 + i, noiseFloor: 1e-9, verdict: 'resolved' },
  regions: 1 + (i % 30),
});
const entries: Entry[] = [{ before: [measured(0)] }];
for (let i = 1; i < 30; i++) entries.push(i === 25 ? { before: [measured(i)] } : { after: [measured(i)] });

interface SavedJson {
  format: unknown;
  settings: Record<string, unknown> | null;
  entries: {
    round: unknown;
    of: unknown;
    before?: unknown;
    after?:
      | { kappa?: (Omit<KappaMeasurement, 'verdict'> & { verdict: unknown }) | object | null; regions?: unknown }[]
      | object;
  }[];
}

describe('a saved search', () => {
  const path = () => at('search.json');
  const edited = async (change: (saved: SavedJson) => void) => {
    await saveSearch(path(), new Search(settings, entries));
    const saved = JSON.parse(await readFile(path(), 'utf8')) as SavedJson;
    change(saved);
    await writeFile(path(), JSON.stringify(saved));
    return loadSearch(path(), settings);
  };
  const refused = (change: (saved: SavedJson) => void, problem: string) =>
    expectInputRejection(edited(change), `${path()}: ${problem}`);

  test('is restored unchanged, and refuses other settings', async () => {
    expect(await loadSearch(at('none.json'), settings)).toBeUndefined();
    expect(await edited(() => undefined)).toEqual(entries);
    await expectInputRejection(
      loadSearch(path(), { ...settings, seed: 1 }),
      `${path()}: started with different settings: seed: expected 0, got 1`,
    );
  });

  test('is refused when the file is not a search', async () => {
    const other = (text: string) => writeFile(at('bad.json'), text).then(() => loadSearch(at('bad.json'), settings));
    const where = at('bad.json');
    await expectInputRejection(other(''), `${where}: line 1, column 1: expected JSON, got the end of the file`);
    await expectInputRejection(other('null'), `${where}: expected an object, got null`);
    await expectInputRejection(other('{}'), `${where}: format: expected this field, got nothing`);
    await expectInputRejection(
      other('{"format":"ntkit search 1"}'),
      `${where}: format: expected "ntkit search 2", got "ntkit search 1"`,
    );
    const whole = JSON.stringify({ format: 'ntkit search 2', settings, entries: [] });
    for (let length = 0; length < whole.length; length++) {
      await expect(other(whole.slice(0, length))).rejects.toThrow(/expected JSON, got/);
    }
  });

  test.each<[string, (saved: SavedJson) => void, string]>([
    ['settings of null', (s) => (s.settings = null), 'settings: expected an object, got null'],
    ['a wrong setting', (s) => (s.settings!.paired = 'yes'), 'settings.paired: expected true or false, got "yes"'],
    ['no setting', (s) => delete s.settings!.digits, 'settings.digits: expected this field, got nothing'],
    ['after that is no list', (s) => (s.entries[3].after = {}), 'entries[3].after: expected a list, got {}'],
    [
      'κ of null',
      (s) => (s.entries[1].after = [{ kappa: null }]),
      'entries[1].after[0].kappa: expected an object, got null',
    ],
    [
      'κ of nothing',
      (s) => (s.entries[1].after = [{ kappa: {}, regions: 1 }]),
      'entries[1].after[0].kappa.lambdaMin: expected this field, got nothing',
    ],
    [
      'an unknown verdict',
      (s) => (s.entries[1].after = [{ kappa: { ...measured(1).kappa!, verdict: 'x' }, regions: 1 }]),
      'entries[1].after[0].kappa.verdict: expected "resolved", "lower-bound" or "indefinite", got "x"',
    ],
    [
      'another verdict',
      (s) => (s.entries[1].after = [{ kappa: { ...measured(1).kappa!, verdict: 'indefinite' }, regions: 1 }]),
      'entries[1].after[0].kappa: expected the verdict that lambdaMin and noiseFloor give, ' +
        'got {"lambdaMin":1,"lambdaMax":3,"noiseFloor":1e-9,"verdict":"in…',
    ],
    [
      'λmin above λmax',
      (s) => (s.entries[1].after = [{ kappa: { ...measured(1).kappa!, lambdaMax: 0.5 }, regions: 1 }]),
      'entries[1].after[0].kappa: expected lambdaMin of at most lambdaMax, ' +
        'got {"lambdaMin":1,"lambdaMax":0.5,"noiseFloor":1e-9,"verdict":"…',
    ],
    [
      'a negative number of regions',
      (s) => (s.entries[2].after = [{ ...measured(2), regions: -5 }]),
      'entries[2].after[0].regions: expected at least 1, got -5',
    ],
    [
      'more regions than samples',
      (s) => (s.entries[2].after = [{ ...measured(2), regions: 41 }]),
      'entries[2].after[0].regions: expected at most 40, one per sample, got 41',
    ],
    [
      'a measurement too many',
      (s) => (s.entries[2].after = [measured(2), measured(3)]),
      'entries[2]: search: expected 1 measurements of kappa and regions, ' +
        'got [{"kappa":{"lambdaMin":1,"lambdaMax":4,"noiseFloor":1e-9,"ve',
    ],
    [
      'an entry dropped',
      (s) => s.entries.splice(4, 1),
      'entries[4]: expected round 0, cell 1<-0 avg_pool_3x3, got round 0, cell 2<-0 skip_connect',
    ],
    [
      'the first entry dropped',
      (s) => s.entries.shift(),
      'entries[0]: expected round 0, reference, got round 0, cell 1<-0 skip_connect',
    ],
    [
      'two entries swapped',
      (s) => ([s.entries[26], s.entries[27]] = [s.entries[27], s.entries[26]]),
      'entries[26]: expected round 1, cell 1<-0 nor_conv_1x1, got round 1, cell 1<-0 nor_conv_3x3',
    ],
    [
      'an unknown field',
      (s) => Object.assign(s.entries[0], { more: 1 }),
      'entries[0].more: expected no such field, got "more"',
    ],
  ])('is refused with %s', (_, change, problem) => refused(change, problem));

  test('is resumed where its last entries are missing', async () => {
    expect(await edited((saved) => saved.entries.splice(20))).toEqual(entries.slice(0, 20));
  });
});
