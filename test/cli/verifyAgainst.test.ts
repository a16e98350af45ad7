import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/data/index.ts';
import { encodeSafetensors } from '../../src/nn/index.ts';
import { program } from '../../src/cli/program.ts';
import { InputError, type NDArray } from '../../src/tensor/index.ts';
import { COMMAND, ntkit, start } from '../support/command.ts';
import { goldenPath } from '../support/golden.ts';
import { cellConfig, type Made, named, onnxBytes, settingsOf, tensors, under } from '../support/mistakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'ntkit-against-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const kinds = ['right', 'one', 'two', 'none'];
const madeOf = (name: string): Made => kinds.flatMap(named).find(([each]) => each === name)![1];
const ntkOf = (name: string) => tensors.get(`${name}/ntk`)!;

function writeTensors(file: string, metadata: Record<string, string>, entries: Record<string, NDArray>): string {
  writeFileSync(at(file), encodeSafetensors({ metadata, tensors: new Map(Object.entries(entries)) }));
  return at(file);
}

const writeNpy = (file: string, { shape, data }: NDArray): string => {
  writeFileSync(at(file), encodeNpy({ shape, data }));
  return at(file);
};

/** A case that holds a kernel. */
function writeCase(file: string, name: string): string {
  const state = [...under('cell/state/')].map(([key, value]) => [`state.${key}`, value] as const);
  const metadata = { name, config: JSON.stringify(cellConfig), ...settingsOf(madeOf(name)) };
  return writeTensors(file, metadata, {
    ...Object.fromEntries(state),
    input: tensors.get('cell/input')!,
    ntk: ntkOf(name),
  });
}

/** A kernel of the model, with its batch. */
const writeSent = (file: string, name: string) =>
  writeTensors(file, settingsOf(madeOf(name)), {
    ...{ input: tensors.get('onnx/input')!, ntk: ntkOf(name) },
    ...Object.fromEntries([...under(`${name}/rows/`)].map(([key, value]) => [`rows.${key}`, value])),
  });

let model: string;
beforeAll(() => {
  model = at('model.onnx');
  writeFileSync(model, onnxBytes);
});

interface Told {
  readonly agrees: boolean;
  readonly explanations: readonly { readonly mistakes: readonly { readonly kind: string; readonly name: string }[] }[];
  readonly rows: { readonly begins: string | null } | null;
  readonly mode: string;
  readonly outputs: string;
  readonly parameters: string;
  readonly dtype: string;
  readonly tolerance: number;
}

describe('ntkit verify --against', () => {
  test('a case that holds its kernel: exit code 0 if it agrees, 1 and the mistake if it does not', async () => {
    const right = await ntkit(
      'verify',
      '--against',
      writeCase('right.safetensors', 'right/cell eval trace all float32'),
    );
    expect([right.code, right.stderr]).toEqual([0, '']);
    expect(right.stdout).toMatch(
      /the kernel agrees\ncompared with: outputs trace, parameters all, eval mode, 5 samples\n/,
    );
    expect(right.stdout).toMatch(/is rounding in float32/);
    const wrong = await ntkit('verify', '--against', writeCase('wrong.safetensors', 'one/cell gamma out'));
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toBe(
      'ntkit: one/cell gamma out: the kernel does not agree: γ of normalisations are not in the kernel\n',
    );
    expect(wrong.stdout).toMatch(/This gives exactly the numbers that were sent:[^]*γ of normalisations are not in/);
  });

  test('a golden case, by the kernel that it expects; the command line overrides settings', async () => {
    const path = goldenPath('nb201-arch-00-eval');
    const { code, stdout } = await ntkit('verify', '--against', path, '--json', '--outputs', 'sum');
    const { agrees, mode, parameters } = JSON.parse(stdout) as Told;
    expect({ code, agrees, mode, parameters }).toEqual({ code: 0, agrees: true, mode: 'eval', parameters: 'weight' });
  });

  test('a model, with the kernel and the batch in files of their own', async () => {
    const images = writeNpy('images.npy', tensors.get('onnx/input')!);
    const ntk = writeNpy('ntk.npy', ntkOf('right/onnx train full all float64'));
    const found = await ntkit('verify', '--against', model, '--images', images, '--ntk', ntk, '--json');
    const told = JSON.parse(found.stdout) as Told;
    expect(found.code).toBe(0);
    expect(told).toMatchObject({ agrees: true, mode: 'train', outputs: 'full', parameters: 'all', dtype: 'float64' });
    const other = await ntkit(
      ...['verify', '--against', model, '--images', images, '--ntk', ntk, '--json', '--parameters', 'weight'],
      ...['--mode', 'train', '--outputs', 'full'],
    );
    expect(other.code).toBe(1);
    expect((JSON.parse(other.stdout) as Told).explanations[0].mistakes[0].kind).toBe('biases');
  });

  test('rows say where the difference begins, and two mistakes are reported together', async () => {
    const path = writeSent('none.safetensors', 'none/tanh');
    const none = await ntkit('verify', '--against', model, '--ntk', path, '--together', '1');
    expect(none.code).toBe(1);
    expect(none.stdout).toMatch(
      /6 of 7 tensors differ; .* as far as head.weight, and the difference begins at mix.weight/,
    );
    expect(none.stdout).toMatch(/None of \d+ computations gives the numbers/);
    expect(none.stderr).toMatch(/none of the usual mistakes explains it\n$/);
    const sent = writeSent('two.safetensors', 'two/permuted and averaged');
    const two = await ntkit('verify', '--against', model, '--ntk', sent, '--json');
    const [first] = (JSON.parse(two.stdout) as Told).explanations;
    expect(first.mistakes.map(({ kind }) => kind).sort()).toEqual(['averaged', 'permuted']);
    expect(two.stderr.match(/\n/g)).toHaveLength(1);
  });

  test('lines fit the terminal', async () => {
    const sent = writeSent('narrow.safetensors', 'one/accumulated');
    const { done } = start([...COMMAND, 'verify', '--against', model, '--ntk', sent], { env: { COLUMNS: '60' } });
    const { stdout } = await done;
    const table = stdout.slice(stdout.indexOf('sent:') + 6);
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  const input = () => tensors.get('onnx/input')!;
  test.each<[string, () => string[], RegExp]>([
    ['no kernel', () => ['--against', model], /model\.onnx: expected a kernel: a tensor ntk here, or --ntk FILE/],
    [
      'no batch',
      () => ['--against', model, '--ntk', writeNpy('lone.npy', ntkOf('one/accumulated'))],
      /expected the batch of the kernel: --images FILE, or a tensor input beside ntk/,
    ],
    ['a file of another kind', () => ['--against', model, '--ntk', 'x.txt'], /--ntk x\.txt: expected a file named/],
    [
      'a tensor that is misspelt',
      () => [
        '--against',
        model,
        '--ntk',
        writeTensors('odd.safetensors', {}, { input: input(), ntk: input(), row: input() }),
      ],
      /expected tensors ntk, input, logits, rows and rows\.NAME, got row/,
    ],
    [
      'a word of a file',
      () => ['--against', model, '--ntk', writeTensors('word.safetensors', { outputs: 'all' }, { ntk: input() })],
      /word\.safetensors: outputs: expected sum, trace, full or the number/,
    ],
    [
      'a shape',
      () => ['--against', model, '--ntk', writeTensors('shape.safetensors', {}, { input: input(), ntk: input() })],
      /ntk: expected shape \[5, 5\], or \[15, 15\] with 3 outputs of each sample, got \[5, 1, 6, 6\]/,
    ],
    [
      'another backend',
      () => ['--against', model, '--backend', 'gpu'],
      /--backend gpu: --against computes in float64, expected wasm or reference/,
    ],
    ['what belongs to a kernel, without one', () => ['--ntk', 'x.npy'], /--ntk x\.npy: expected with --against/],
  ])('%s is bad input', async (_, args, message) => {
    const call = program().parseAsync(['verify', ...args()], { from: 'user' });
    await expect(call).rejects.toThrow(InputError);
    await expect(call).rejects.toThrow(message);
  });
});
