import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildNetwork, loadStateDict, type Module, parseSafetensors } from '../../../src/nn/index.ts';
import { parseOnnx } from '../../../src/onnx/index.ts';
import { KernelExplainer, type KernelExplanation, parseSettings } from '../../../src/testing/against/index.ts';
import type { NDArray } from '../../../src/tensor/index.ts';

// Kernels that test/torch/mistakes.py computed in PyTorch, most of them with mistakes.

/** What the script says of a kernel. */
interface Made {
  readonly network: 'onnx' | 'cell';
  readonly outputs: string;
  readonly parameters: string;
  readonly mode: string;
  /** The kinds of its mistakes. */
  readonly mistakes: readonly string[];
  /** What the name of one of them matches; for rows, the parameter that the difference begins at. */
  readonly says: string;
}

const read = (file: string) => readFileSync(new URL(`../../torch/${file}`, import.meta.url));
const { metadata, tensors } = parseSafetensors(read('mistakes.safetensors'), 'mistakes.safetensors');
const made = Object.entries(JSON.parse(metadata.kernels) as Record<string, Made>);
const named = (kind: string) => made.filter(([name]) => name.startsWith(`${kind}/`));

function under(prefix: string): Map<string, NDArray> {
  const within = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(within.map(([name, value]) => [name.slice(prefix.length), value]));
}

const onnx = parseOnnx(read('mistakes.onnx'), 'mistakes.onnx');
const cell = buildNetwork({ name: 'infer.tiny', C: 2, N: 1, num_classes: 3, arch_str: metadata.cell });
loadStateDict(cell, under('cell/state/'));
const explainer = (network: Module, name: string) => new KernelExplainer(network, tensors.get(`${name}/input`)!);
const explainers = { onnx: explainer(onnx, 'onnx'), cell: explainer(cell, 'cell') };

function explain(name: string, { network, outputs, parameters, mode }: Made): Promise<KernelExplanation> {
  const rows = under(`${name}/rows/`);
  const sent = {
    ntk: tensors.get(`${name}/ntk`)!,
    logits: tensors.get(`${name}/logits`),
    ...(rows.size > 0 && { rows: { byParameter: rows } }),
  };
  return explainers[network].explain(sent, parseSettings({ outputs, parameters, mode }, name));
}

test('the model that was exported is the network that the kernels are of', () => {
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

test.each(named('none'))('%s: nothing explains it, and the rows say where it begins', async (name, each) => {
  const { agrees, explanations, nearest, tried, rows, logits } = await explain(name, each);
  expect(agrees).toBe(false);
  expect(explanations).toEqual([]);
  expect(nearest).toHaveLength(3);
  expect(tried).toBeGreaterThan(1000);
  expect(logits!.agrees).toBe(true);
  expect(rows!.begins).toBe(each.says);
  expect(rows!.giveKernel).toBe(true);
  // What comes after it in the network is right, and nothing before.
  const at = rows!.parameters.findIndex((row) => row.name === each.says);
  expect(rows!.parameters.map(({ agrees: right }) => right)).toEqual(rows!.parameters.map((_, i) => i > at));
});
