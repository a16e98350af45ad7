import { describe, expect, test } from 'vitest';
import { buildNetwork, loadStateDict, type Module } from '../../../src/nn/index.ts';
import { parseOnnx } from '../../../src/onnx/index.ts';
import { KernelExplainer, type KernelExplanation, parseSettings } from '../../../src/testing/against/index.ts';
import { cast, type DType } from '../../../src/tensor/index.ts';
import { cellConfig, type Made, named, onnxBytes, settingsOf, tensors, under } from '../../support/mistakes.ts';

// Kernels that test/torch/mistakes.py computed in PyTorch, most of them with mistakes.

const onnx = parseOnnx(onnxBytes, 'mistakes.onnx');
const cell = buildNetwork(cellConfig);
loadStateDict(cell, under('cell/state/'));
const explainer = (network: Module, name: string) => new KernelExplainer(network, tensors.get(`${name}/input`)!);
const explainers = { onnx: explainer(onnx, 'onnx'), cell: explainer(cell, 'cell') };

function explain(
  name: string,
  made: Made,
  dtype: DType = tensors.get(`${name}/ntk`)!.dtype,
): Promise<KernelExplanation> {
  const rows = under(`${name}/rows/`);
  const sent = {
    ntk: cast(tensors.get(`${name}/ntk`)!, dtype),
    logits: tensors.get(`${name}/logits`),
    ...(rows.size > 0 && { rows: { byParameter: rows } }),
  };
  return explainers[made.network].explain(sent, parseSettings(settingsOf(made), name));
}

test('the exported model is the network of the kernels', () => {
  for (const [name, { data }] of under('onnx/state/')) {
    expect([...onnx.namedState().get(name)!.value.data], name).toEqual([...data]);
  }
});

test('kernels without a mistake agree, in both modes and precisions', async () => {
  const right = named('right');
  expect(right.length).toBeGreaterThanOrEqual(20);
  for (const [name, each] of right) {
    const { agrees, difference, tolerance, dtype, explanations } = await explain(name, each);
    expect({ agrees, explanations }, name).toEqual({ agrees: true, explanations: [] });
    expect(dtype).toBe(name.endsWith('float32') ? 'float32' : 'float64');
    expect(difference, name).toBeLessThanOrEqual(tolerance);
  }
});

describe.each(['one', 'two'])('%s', (kind) => {
  test.each(named(kind))('%s', async (name, each) => {
    const { agrees, explanations, difference, tolerance } = await explain(name, each);
    expect(agrees).toBe(false);
    expect(difference).toBeGreaterThan(tolerance);
    const [first] = explanations;
    expect(first.mistakes.map((mistake) => mistake.kind).sort()).toEqual([...each.mistakes].sort());
    const names = first.mistakes.map((mistake) => mistake.name);
    expect(names.filter((text) => new RegExp(each.says).test(text))).not.toEqual([]);
    expect(first.mistakes.every(({ explanation }) => explanation.length > 40)).toBe(true);
    if (!each.mistakes.includes('float32')) expect(first.difference).toBeLessThan(tolerance);
  });
});

test('in float32 the same mistakes are found, except those below rounding', async () => {
  const small = ['one/epsilon 0', 'one/epsilon 1e-06', 'one/epsilon 1e-08', 'one/epsilon outside'];
  for (const [name, each] of [...named('one'), ...named('two')]) {
    if (each.mistakes.includes('float32')) continue;
    const { agrees, explanations } = await explain(name, each, 'float32');
    expect(agrees, name).toBe(small.includes(name));
    if (agrees) continue;
    const kinds = explanations[0].mistakes.map((mistake) => mistake.kind);
    expect(kinds.sort(), name).toEqual([...each.mistakes].sort());
  }
});

test.each(named('none'))('%s: nothing explains it, and the rows show where it begins', async (name, each) => {
  const { agrees, explanations, nearest, tried, rows, logits } = await explain(name, each);
  expect(agrees).toBe(false);
  expect(explanations).toEqual([]);
  expect(nearest).toHaveLength(3);
  expect(tried).toBeGreaterThan(1000);
  expect(logits!.agrees).toBe(true);
  expect(rows!.begins).toBe(each.says);
  expect(rows!.giveKernel).toBe(true);
  // The layers after it are right, and none before it.
  const at = rows!.parameters.findIndex((row) => row.name === each.says);
  expect(rows!.parameters.map(({ agrees: right }) => right)).toEqual(rows!.parameters.map((_, i) => i > at));
});
