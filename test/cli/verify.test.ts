import { expect, test } from 'vitest';
import type { LawRecord } from '../../src/testing/index.ts';
import { COMMAND, ntkit, start } from '../support/command.ts';

test('a table, law by law, and one JSON object', async () => {
  const args = ['verify', '--runs', '2', '--seed', '3', '--laws', 'max pools', 'random numbers'];
  const [table, json] = [await ntkit(...args), await ntkit(...args, '--json')];
  expect([table.code, json.code, json.stderr]).toEqual([0, 0, '']);
  expect(table.stdout).toMatch(/│ max pools of ties +│ yes +│ +2 │/);
  expect(table.stdout).toMatch(/WebAssembly SIMD, \d+ threads?: 2 laws, 3 cases, [\d.]+ s\n$/);
  const { laws, ...rest } = JSON.parse(json.stdout) as { laws: LawRecord[] };
  expect(rest).toMatchObject({ backend: 'wasm', dtype: 'float32', runs: 2, seed: 3, broken: 0 });
  expect(laws.map(({ law, cases, seed }) => [law, cases, seed])).toEqual([
    ['max pools of ties', 2, 3],
    ['random numbers', 1, 3],
  ]);
  for (const { worst, statement } of laws) {
    expect(worst.error).toBeLessThanOrEqual(worst.bound);
    expect(statement).toMatch(/\.$/);
  }
});

test('the laws are checked in both precisions of wasm', async () => {
  const args = ['verify', '--runs', '2', '--laws', 'max pools', '--json'];
  const { code, stdout } = await ntkit(...args, '--backend', 'wasm', '--dtype', 'float64');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ backend: 'wasm', dtype: 'float64', broken: 0 });
  const refused = await ntkit(...args, '--backend', 'reference', '--dtype', 'float32');
  expect([refused.code, refused.stderr]).toEqual([
    2,
    'ntkit: --dtype float32: the reference backend is checked in float64\n',
  ]);
});

test('a broken law is exit code 1, one line, and a program that shows it', async () => {
  // A host whose hyperbolic tangent is wrong: the results of ntkit break the law.
  const wrong = 'data:text/javascript,const{tanh}=Math;Math.tanh=(x)=>1.001*tanh(x)';
  const [node, ...rest] = COMMAND;
  const { code, stdout, stderr } = await start([
    ...[node, '--import', wrong, ...rest, 'verify', '--runs', '3', '--laws', 'value of a primitive'],
  ]).done;
  expect(code).toBe(1);
  expect(stdout).toMatch(/│ value of a primitive +│ NO +│/);
  expect(stderr).toContain("await checkLaw('value of a primitive', subject, drawn);");
  expect(stderr).toContain('const subject = wasmBackend();');
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^ntkit: value of a primitive: (tanh|geluTanh|mish): element 0: expected an error of at most .+, got .+ \(\w+\)$/,
  );
});

test('an invalid number of runs and an unknown law are bad input', async () => {
  for (const args of [
    ['--runs', '0'],
    ['--laws', 'nonsense'],
    ['--gpu-mode', 'cpu'],
  ]) {
    const { code, stdout, stderr } = await ntkit('verify', ...args);
    expect([code, stdout, stderr.trim().split('\n').length]).toEqual([2, '', 1]);
  }
});
