import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, type Running, start } from '../support/command.ts';
import { devicesRequired } from '../support/required.ts';

// In a terminal of util-linux's `script`: what a person sees there, and what ^C leaves.

const scriptRuns = spawnSync('script', ['--version']).status === 0;
if (!scriptRuns && devicesRequired) throw new Error('terminal tests: expected the program script of util-linux');

/** Runs the command in a terminal; the child's stdin is its keyboard. */
function inTerminal(columns: number, ...args: string[]): Running {
  const quoted = [...COMMAND, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty cols ${columns} rows 24; exec ${quoted}`;
  return start(['script', '-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'] });
}

const [HIDE, SHOW, NO_WRAP, WRAP] = ['\u001b[?25l', '\u001b[?25h', '\u001b[?7l', '\u001b[?7h'];

/** Waits until a terminal shows something. */
async function shows({ child, done }: Running, text: string): Promise<void> {
  let seen = '';
  let ended = false;
  void done.then(() => (ended = true));
  child.stdout!.on('data', (chunk: string) => (seen += chunk));
  while (!seen.includes(text) && !ended) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe.skipIf(!scriptRuns)('in a terminal', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ntkit-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([60, 100])('of %i columns a table fits', async (columns) => {
    const long = '|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_1x1~1|none~2|';
    const size = ['--channels', '2', '--cells', '1', '--batch-size', '3', '--repeats', '2'];
    const { code, stdout } = await inTerminal(columns, 'score', ...size, '--arch', '9506', long).done;
    expect(code).toBe(0);
    const table = stdout.slice(stdout.lastIndexOf(WRAP));
    const lines = stripVTControlCharacters(table).split(/\r?\n/);
    expect(lines.some((line) => line.includes('cell 9506'))).toBe(true);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
  });

  test('^C ends a command with status 130, and restores the cursor and line wrapping', async () => {
    const running = inTerminal(80, 'score', '--channels', '16', '--cells', '5', '--repeats', '50');
    await shows(running, HIDE);
    running.child.stdin!.write('\u0003');
    const { code, stdout } = await running.done;
    expect(code).toBe(130);
    expect(stdout.lastIndexOf(SHOW)).toBeGreaterThan(stdout.lastIndexOf(HIDE));
    expect(stdout.lastIndexOf(WRAP)).toBeGreaterThan(stdout.lastIndexOf(NO_WRAP));
    expect(stdout).toMatch(/ntkit: interrupted \(SIGINT\)\r\n$/);
  });

  test('^C in a sweep leaves a table of whole rows, which can be resumed', async () => {
    const path = join(folder, 'sweep.csv');
    const size = ['--channels', '2', '--batch-size', '2', '--repeats', '1', '--region-samples', '8', '--seed', '4'];
    const sweep = ['sweep', ...size, '--out', path];
    const running = inTerminal(80, ...sweep, '--count', '15625');
    await shows(running, ' of 15625 cells');
    running.child.stdin!.write('\u0003');
    expect(await running.done).toMatchObject({ code: 130 });
    expect(existsSync(`${path}.lock`)).toBe(false);
    const text = await readFile(path, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const rows = text.trim().split('\n').length - 1;
    expect(rows).toBeGreaterThan(0);
    const again = await start([...COMMAND, ...sweep, '--count', String(rows + 1), '--json']).done;
    expect(JSON.parse(again.stdout)).toMatchObject({ rows: rows + 1, resumed: rows });
  });
});
