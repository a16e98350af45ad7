import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/data/index.ts';
import { parseSafetensors } from '../../src/nn/index.ts';
import { ndarray } from '../../src/tensor/index.ts';
import { ntkit } from '../support/command.ts';
import { DOUBLE, floats, INT64, modelBytes, type ModelParts } from '../support/onnxModel.ts';

const models = new URL('../onnx/models/', import.meta.url).pathname;
const vit = join(models, 'vit.onnx');

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** y = x·w of two inputs' sum. */
const sumModel: ModelParts = {
  inputs: { a: ['N', 2], b: ['N', 2] },
  initializers: { w: floats(ndarray([1, 2, 3, 4], [2, 2], 'float32')) },
  steps: [
    { operator: 'Add', inputs: ['a', 'b'], outputs: ['s'] },
    { operator: 'MatMul', inputs: ['s', 'w'], outputs: ['y'] },
  ],
  outputs: ['y', 's'],
};

async function writeModel(name: string, parts: ModelParts): Promise<string> {
  await writeFile(file(name), modelBytes(parts));
  return file(name);
}

async function writeArray(name: string, values: readonly number[], shape: readonly number[]): Promise<string> {
  await writeFile(file(name), encodeNpy({ shape, data: Float64Array.from(values) }));
  return file(name);
}

describe('ntkit ntk MODEL.onnx', () => {
  test('is the kernel of the model on a batch, in eval mode by default', async () => {
    const { tensors, metadata } = parseSafetensors(await readFile(join(models, 'vit.safetensors')), 'vit');
    const args = ['--images', join(models, 'vit.safetensors'), '--backend', 'reference', '--json'];
    const { code, stdout } = await ntkit('ntk', vit, ...args);
    expect(code).toBe(0);
    const got = JSON.parse(stdout) as { name: string; mode: string; ntk: number[][]; kappa: number };
    expect(got).toMatchObject({ name: 'vit', mode: 'eval' });
    const right = tensors.get('ntk.eval.weight')!.data;
    got.ntk.flat().forEach((value, i) => expect(Math.abs(value / right[i] - 1)).toBeLessThan(1e-9));
    expect(Math.abs(got.kappa / Number(metadata['kappa.eval.weight']) - 1)).toBeLessThan(1e-8);
  });

  test('draws a batch of the declared shape, and asks for images where the shape is open', async () => {
    const { stdout } = await ntkit('ntk', vit, '--batch-size', '2', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ samples: 2, images: 'standard normal' });
    const { code, stderr } = await ntkit('ntk', vit);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'ntkit: vit: the file holds no batch: expected --images, or --batch-size for a standard normal one\n',
    );
  });

  test('takes the requested output', async () => {
    const parts: ModelParts = {
      ...sumModel,
      inputs: { a: ['N', 2] },
      steps: [
        { operator: 'MatMul', inputs: ['a', 'w'], outputs: ['y'] },
        { operator: 'Relu', inputs: ['y'], outputs: ['z'] },
      ],
      outputs: ['y', 'z'],
    };
    const model = await writeModel('two.onnx', parts);
    const x = await writeArray('x.npy', [1, -1], [1, 2]);
    const common = ['ntk', model, '--images', x, '--parameters', 'all', '--dtype', 'float64', '--json'];
    // y = [−2, −2]: both outputs are cut off by the ReLU.
    expect(JSON.parse((await ntkit(...common)).stdout)).toMatchObject({ ntk: [[4]] });
    expect(JSON.parse((await ntkit(...common, '--output', 'z')).stdout)).toMatchObject({ ntk: [[0]] });
    const { code, stderr } = await ntkit(...common, '--output', 'q');
    expect([code, stderr]).toEqual([2, `ntkit: ${model}: output: expected one of y, z, got q\n`]);
  });
});

describe('ntkit run', () => {
  test('gives every output or the requested one, as JSON or as a file', async () => {
    const model = await writeModel('sum.onnx', sumModel);
    const inputs = [
      '--input',
      `a=${await writeArray('a.npy', [1, 2], [1, 2])}`,
      `b=${await writeArray('b.npy', [0, 1], [1, 2])}`,
    ];
    const { stdout } = await ntkit('run', model, ...inputs, '--json');
    expect(JSON.parse(stdout)).toEqual({
      outputs: { y: { shape: [1, 2], data: [10, 14] }, s: { shape: [1, 2], data: [1, 3] } },
    });
    const { code, stdout: nothing } = await ntkit('run', model, ...inputs, '--output', 'y', '--out', file('y.npy'));
    expect([code, nothing]).toEqual([0, '']);
    const written = decodeNpy({ name: 'y.npy', bytes: await readFile(file('y.npy')) });
    expect([written.shape, written.dtype, [...written.data]]).toEqual([[1, 2], 'float32', [10, 14]]);
    const full = await ntkit('run', model, ...inputs, '--output', 'y', '--out', '/dev/full');
    expect(full).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^ntkit: \/dev\/full: [^\n]*ENOSPC[^\n]*\n$/) as unknown,
    });
  });

  test('computes a model of double precision in double precision', async () => {
    const model = await writeModel('double.onnx', {
      ...sumModel,
      inputs: { a: ['N', 2] },
      inputType: DOUBLE,
      initializers: {},
      steps: [{ operator: 'Add', inputs: ['a', 'a'], outputs: ['y'] }],
      outputs: ['y'],
    });
    const { stdout } = await ntkit('run', model, '--input', await writeArray('d.npy', [1e200, 0.1], [1, 2]), '--json');
    expect(JSON.parse(stdout)).toEqual({ outputs: { y: { shape: [1, 2], data: [2e200, 0.2] } } });
  });

  test('refuses values that an input cannot have', async () => {
    const parts: ModelParts = {
      inputs: { a: ['N'] },
      inputType: INT64,
      initializers: { w: floats(ndarray([1, 2], [2])) },
      steps: [{ operator: 'Gather', inputs: ['w', 'a'], outputs: ['y'] }],
      outputs: ['y'],
    };
    const model = await writeModel('gather.onnx', parts);
    const run = async (values: readonly number[], shape: readonly number[]) =>
      ntkit('run', model, '--input', `a=${await writeArray('i.npy', values, shape)}`, '--json');
    expect(JSON.parse((await run([-1, 0], [2])).stdout)).toEqual({ outputs: { y: { shape: [2], data: [2, 1] } } });
    const { code, stderr } = await run([0, 1.5], [2]);
    expect([code, stderr]).toEqual([2, `ntkit: ${model}: input a: expected whole numbers, got 1.5 at element 1\n`]);
    expect((await run([0, 1], [1, 2])).stderr).toBe(`ntkit: ${model}: input a: expected shape [N], got [1, 2]\n`);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['an input that is missing', [], /^ntkit: .*sum\.onnx: input a: expected --input a=FILE\.npy, got none\n$/],
    [
      'a name that is none',
      ['--input', 'c=x.npy'],
      /^ntkit: --input c=x\.npy: expected NAME=FILE\.npy with a name of a, b\n$/,
    ],
    ['a file without a name', ['--out', ''], /^ntkit: --out: cannot be written, expected the name of a file\n$/],
    [
      'one file for several outputs',
      ['--out', 'y.npy'],
      /^ntkit: --out y\.npy: expected one output, chosen by --output, got y, s\n$/,
    ],
  ])('refuses %s in one line', async (_, args, message) => {
    const { code, stderr } = await ntkit('run', await writeModel('sum.onnx', sumModel), ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('weights in a file beside the model', () => {
  const outside = (location: string): ModelParts => ({
    ...sumModel,
    inputs: { a: ['N', 2] },
    initializers: {
      w: create(TensorProtoSchema, {
        dims: [2n, 2n],
        dataType: 1,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: location }],
      }),
    },
    steps: [{ operator: 'MatMul', inputs: ['a', 'w'], outputs: ['y'] }],
    outputs: ['y'],
  });

  test('are read from its folder, and from nowhere else', async () => {
    await writeFile(file('w.bin'), new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
    const input = ['--input', await writeArray('a.npy', [1, 1], [1, 2]), '--json'];
    const { stdout } = await ntkit('run', await writeModel('e.onnx', outside('w.bin')), ...input);
    expect(JSON.parse(stdout)).toEqual({ outputs: { y: { shape: [1, 2], data: [4, 6] } } });
    await symlink('/etc/hostname', file('link.bin'));
    for (const location of ['../../etc/hostname', 'link.bin']) {
      const { code, stderr } = await ntkit('run', await writeModel('e.onnx', outside(location)), ...input);
      expect(code).toBe(2);
      expect(stderr).toMatch(/external data: expected (a file of the model's folder|the file .* beside the model)/);
    }
  });
});

describe('ntkit inspect', () => {
  test('lists the contents of a model, a case and an array', async () => {
    const model = JSON.parse((await ntkit('inspect', vit, '--json')).stdout) as { operators: Record<string, number> };
    expect(model).toMatchObject({ format: 'onnx', opset: 17, outputs: ['logits'], parametersTotal: 7941 });
    expect(model.operators['Conv']).toBe(1);
    const tensors = JSON.parse((await ntkit('inspect', join(models, 'vit.safetensors'), '--json')).stdout) as object;
    expect(tensors).toMatchObject({
      format: 'safetensors',
      tensors: expect.arrayContaining([{ name: 'input', shape: [6, 3, 32, 32] }]) as unknown,
    });
    const { stdout } = await ntkit('inspect', await writeArray('a.npy', [1, 2], [1, 2]));
    expect(stdout).toBe('NPY array of float64, shape [1, 2]\n');
    const { code, stderr } = await ntkit('inspect', 'model.pt');
    expect([code, stderr]).toEqual([2, 'ntkit: model.pt: expected a file named .onnx, .safetensors or .npy\n']);
  });
});
