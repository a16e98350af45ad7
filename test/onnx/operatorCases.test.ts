import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { checkGradients } from '../../src/autodiff/index.ts';
import type { Buffer as Statistics, Parameter } from '../../src/nn/index.ts';
import { operators } from '../../src/onnx/operators/index.ts';
import { signatures } from '../../src/onnx/operators/signatures.ts';
import { type Leaves, parseOnnx, runOnnx } from '../../src/onnx/index.ts';
import {
  cast,
  constant,
  ndarray,
  type NDArray,
  referenceBackend,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';

// Operators with random settings against ONNX Runtime; operator_cases.py writes the file.

interface Listed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly operator: string;
  readonly opset: number;
  readonly attributes: readonly string[];
  readonly model: string;
  readonly inputs: Readonly<Record<string, Listed>>;
  readonly outputs: readonly Listed[];
}

const cases = JSON.parse(readFileSync(new URL('operator_cases.json', import.meta.url), 'utf8')) as Case[];
const names = [...new Set(cases.map(({ operator }) => operator))];

const arrayOf = ({ shape, data }: Listed) => ndarray(data, shape);
const inputsOf = ({ inputs }: Case): ReadonlyMap<string, NDArray> =>
  new Map(Object.entries(inputs).map(([name, each]) => [name, arrayOf(each)]));
const describeCase = ({ operator, opset, attributes, inputs }: Case) =>
  `${operator} of operator set ${opset} with ${attributes.join(', ')}, ${JSON.stringify(inputs).slice(0, 200)}`;

const constantOf = ({ value }: Parameter | Statistics) => constant(cast(value, 'float64'));

const leaves: Leaves = {
  ...{ dtype: 'float64', mode: 'eval', parameter: constantOf, buffer: constantOf },
  observe: () => undefined,
};

const wasm = wasmBackend();
afterAll(() => wasm.close());

test('every operator has a signature, and every signature an operator', () => {
  expect([...signatures.keys()].sort()).toEqual([...operators.keys()].sort());
});

describe.each(names)('%s', (name) => {
  const all = cases.filter(({ operator }) => operator === name);

  test.each([
    ['reference', referenceBackend, 'float64'],
    ['wasm', wasm, 'float64'],
    ['wasm', wasm, 'float32'],
  ] as const)('agrees with ONNX Runtime, on %s', async (_, backend, dtype) => {
    for (const each of all) {
      const network = parseOnnx(Buffer.from(each.model, 'base64'), 'model.onnx');
      const outputs = await runOnnx(network, inputsOf(each), { backend, dtype });
      [...outputs.values()].forEach(({ shape, data }, k) => {
        const right = each.outputs[k];
        expect(shape, describeCase(each)).toEqual(right.shape);
        const scale = Math.max(...right.data.map(Math.abs), 1e-3);
        right.data.forEach((value, i) => {
          expect(Math.abs(value - data[i]) / scale, `${describeCase(each)}, at ${i}`).toBeLessThan(1e-5);
        });
      });
    }
  });
});

// These are refused; operators.test.ts has the messages.
const REFUSED = [
  'BatchNormalization.spatial',
  'Constant.sparse_value',
  'Constant.value_string',
  'Constant.value_strings',
  'Resize.antialias',
];

// An attribute without a case could be ignored silently.
test('every attribute that matters has a case', () => {
  const without = [...signatures].flatMap(([operator, versions]) =>
    versions.flatMap(({ attributes, idle }) =>
      [...attributes]
        .filter(
          (name) =>
            !idle.has(name) && !cases.some((each) => each.operator === operator && each.attributes.includes(name)),
        )
        .map((name) => `${operator}.${name}`),
    ),
  );
  expect([...new Set(without)].sort()).toEqual(REFUSED);
});

// At whole numbers and ties of what is compared there is no derivative, so that the inputs are moved a little.
const isSmooth = ({ operator, inputs }: Case) =>
  Object.keys(inputs).length === 1 && operators.get(operator)!.fixed !== 'all' && operator !== 'Cast';
const moved = ({ shape, data }: NDArray) =>
  ndarray(
    data.map((value, i) => value + 1e-3 * Math.sin(i + 1)),
    shape,
  );

describe.each(names.filter((name) => cases.some((each) => each.operator === name && isSmooth(each))))('%s', (name) => {
  test('has the derivative of finite differences', async () => {
    for (const each of cases.filter((one) => one.operator === name && isSmooth(one))) {
      const network = parseOnnx(Buffer.from(each.model, 'base64'), 'model.onnx');
      const [[input, x]] = inputsOf(each);
      if (each.outputs[0].data.length === 0) continue;
      const build = (t: Tensor) => network.build([network.output], new Map([[input, t]]), leaves)[0];
      const { error } = await checkGradients(build, [moved(x)]);
      expect(error, describeCase(each)).toBeLessThan(1e-6);
    }
  });
});
