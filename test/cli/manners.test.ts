import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSafetensors, parseSafetensors } from '../../src/nn/index.ts';
import { COMMAND, ntkit, start } from '../support/command.ts';
import { goldenPath } from '../support/golden.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const small = ['--channels', '2', '--cells', '1', '--batch-size', '3', '--repeats', '1'];

describe('ntkit', () => {
  test('alone prints its help, and with --version its version', async () => {
    const [alone, help, version] = await Promise.all([ntkit(), ntkit('--help'), ntkit('--version')]);
    expect(alone).toEqual(help);
    expect(alone).toMatchObject({ code: 0, stderr: '' });
    expect(alone.stdout).toMatch(/^Usage: ntkit [^]*\n {2}score [^]*\n {2}complete /);
    const { version: stated } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(version).toEqual({ code: 0, stdout: `${stated}\n`, stderr: '' });
  });

  test.each([
    ['bash', /complete -F /],
    ['zsh', /^#compdef ntkit/],
    ['fish', /complete -c ntkit/],
  ])('writes a completion for %s', async (shell, script) => {
    const { code, stdout } = await ntkit('complete', shell);
    expect(stdout).toMatch(script);
    expect(code).toBe(0);
  });

  test('completes commands, options and their values', async () => {
    const words = async (...typed: string[]) =>
      (await ntkit('complete', '--', ...typed)).stdout.split('\n').flatMap((line) => line.match(/^[\w-]+/)?.[0] ?? []);
    expect(await words('s')).toEqual(['score', 'search', 'sweep']);
    expect(await words('score', '--re')).toEqual(['--repeats']);
    expect(await words('ntk', '--eigen', '')).toEqual(['jacobi', 'householder', 'qr']);
  });
});

describe('an error is one line', () => {
  test.each([
    [['scor'], "ntkit: unknown command 'scor' (did you mean score?)"],
    [['score', '--repeat', '3'], "ntkit: unknown option '--repeat' (did you mean --repeats?)"],
    [['ntk'], "ntkit: missing required argument 'file'"],
    [['ntk', '/no\nsuch\u001b[2J'], 'ntkit: case /no\\nsuch\\u001b[2J: cannot be read, there is no such file'],
    [
      ['score', '--mode', 'tr\nain'],
      "ntkit: option '--mode <mode>' argument 'tr\\nain' is invalid. Allowed choices are train, eval.",
    ],
    [['score', '--arch', '15625'], 'ntkit: cell: expected a number from 0 to 15624, got 15625'],
    [
      ['score', '--classes', '0'],
      "ntkit: option '--classes <count>' argument '0' is invalid. expected an integer from 1 to 100000.",
    ],
  ])('%j', async (args, line) => {
    expect(await ntkit(...args)).toEqual({ code: 2, stdout: '', stderr: `${line}\n` });
  });

  test('of a case whose configuration has line breaks', async () => {
    const { tensors, metadata } = parseSafetensors(await readFile(goldenPath('nb201-arch-00-train')));
    const path = join(folder, 'lines.safetensors');
    await writeFile(path, encodeSafetensors({ tensors, metadata: { ...metadata, config: '{\n"name":\n"x"\n' } }));
    const { code, stderr } = await ntkit('ntk', path);
    expect(stderr).toMatch(/^ntkit: [^\n]+\n$/);
    expect(code).toBe(2);
  });
});

describe('where the output goes', () => {
  const score = [...COMMAND, 'score', '--arch', '9506', ...small, '--json'];

  test('a reader that closes the pipe is not an error', async () => {
    const { child, done } = start(score);
    child.stdout!.destroy();
    expect(await done).toMatchObject({ code: 0, stderr: '' });
  });

  test.skipIf(!existsSync('/dev/full')).each([
    ['results', score],
    ['the help', [...COMMAND, '--help']],
  ])('a full device is an error in one line: %s', async (_, command) => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await start(command, { stdio: ['ignore', full, 'pipe'] }).done;
    closeSync(full);
    expect(stderr).toBe('ntkit: stdout: cannot be written (ENOSPC)\n');
    expect(code).toBe(2);
  });

  test('a page is replaced completely or not at all', async () => {
    const page = join(folder, 'page.html');
    await writeFile(page, 'the old one');
    // A limit on the size of files stands in for a full disk.
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 4; exec "$@"', 'sh', ...score, '--html', page];
    const { code, stderr, stdout } = await start(limited).done;
    expect(stderr).toMatch(/^ntkit: .*page\.html: cannot be written \(EFBIG\)\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(await readFile(page, 'utf8')).toBe('the old one');
    expect((await readdir(folder)).filter((name) => name.startsWith('page'))).toEqual(['page.html']);
  });
});

describe('ntkit score --json', () => {
  interface Architecture {
    readonly architecture: string;
    readonly parameters: number;
    readonly kappas: readonly (number | string)[];
    readonly mean: number | string;
    readonly kappaIntervals: readonly (readonly [number, number | string])[];
    readonly kappaLowerBounds: readonly number[];
    readonly lambdaMins: readonly number[];
    readonly lambdaMaxs: readonly number[];
    readonly noiseFloors: readonly number[];
    readonly verdicts: readonly string[];
  }
  const scored = async (...args: string[]) => {
    const { code, stdout, stderr } = await ntkit('score', ...small, '--json', ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as { classes: number; architectures: Architecture[] };
  };

  test('has λ, noise floor and interval of every repeat, and writes numbers that JSON lacks as strings', async () => {
    const nothing = '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|';
    const { architectures } = await scored('--arch', '9506', nothing, '--repeats', '2');
    const [cell, empty] = architectures;
    expect(cell.verdicts).toEqual(['resolved', 'resolved']);
    cell.kappas.forEach((kappa, i) => {
      expect(kappa).toBe(cell.lambdaMaxs[i] / cell.lambdaMins[i]);
      expect(cell.kappaIntervals[i][0]).toBeLessThan(Number(kappa));
      expect(cell.kappaIntervals[i][1]).toBeGreaterThan(Number(kappa));
      expect(cell.kappaLowerBounds[i]).toBe(cell.kappaIntervals[i][0]);
      expect(cell.lambdaMins[i]).toBeGreaterThan(cell.noiseFloors[i]);
    });
    // Nothing passes: Θ is 0.
    expect(empty).toMatchObject({
      ...{ kappas: ['NaN', 'NaN'], mean: 'NaN', kappaLowerBounds: [1, 1], lambdaMins: [0, 0], lambdaMaxs: [0, 0] },
      ...{ noiseFloors: [0, 0], verdicts: ['lower-bound', 'lower-bound'] },
    });
  });

  test('names a cell by its number in the benchmark', async () => {
    const text = '|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|';
    const [byNumber, byText] = (await scored('--arch', '9506', text)).architectures;
    expect({ ...byNumber, seconds: 0 }).toEqual({ ...byText, seconds: 0 });
    expect(byNumber.architecture).toBe(text);
  });

  test('takes the number of classes', async () => {
    const [ten, three] = await Promise.all([scored('--arch', '9506'), scored('--arch', '9506', '--classes', '3')]);
    expect([ten.classes, three.classes]).toEqual([10, 3]);
    // A linear layer from 4·C features, C = 2; its biases are no weights.
    expect(ten.architectures[0].parameters - three.architectures[0].parameters).toBe(7 * 8);
  });
});

test('ntkit ntk --eigen gives the same eigenvalues by every method', async () => {
  const methods = ['jacobi', 'householder', 'qr'];
  const results = await Promise.all(
    methods.map(async (method) => {
      const { stdout } = await ntkit('ntk', goldenPath('nb201-arch-00-train'), '--eigen', method, '--json');
      return JSON.parse(stdout) as Record<'kappa' | 'kappaLowerBound' | 'lambdaMin' | 'lambdaMax', number>;
    }),
  );
  for (const { kappa, kappaLowerBound, lambdaMin, lambdaMax } of results) {
    expect(kappa / results[0].kappa).toBeCloseTo(1, 9);
    expect(kappa).toBe(lambdaMax / lambdaMin);
    expect(kappaLowerBound / results[0].kappaLowerBound).toBeCloseTo(1, 9);
  }
});
