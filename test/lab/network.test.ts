import { readFileSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/data/index.ts';
import { parseCase, parseSafetensors } from '../../src/nn/index.ts';
import { Generator } from '../../src/tensor/index.ts';
import { chromiumPath } from '../support/chromium.ts';
import { ntkit } from '../support/command.ts';
import { modelBytes } from '../support/onnxModel.ts';
import { Lab, type Visit } from './harness.ts';

const model = (name: string) => fileURLToPath(new URL(`../onnx/models/${name}.onnx`, import.meta.url));
const missing = chromiumPath === undefined;

/** κ, once nothing is being computed any more. */
async function kappaOf(page: Page): Promise<number> {
  await page.waitForSelector('section[aria-label=Contributions]');
  return Number(await page.getAttribute('[data-testid=kappa]', 'data-value'));
}

/** What `ntkit ntk` prints. */
async function command(...args: string[]): Promise<{ kappa: number; ntk: number[][] }> {
  const { stdout, stderr } = await ntkit('ntk', ...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as { kappa: number; ntk: number[][] };
}

/** The line that says what is wrong with a file. */
const problem = (page: Page) => page.locator('.results > [role=alert]:not([hidden])').first();

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Your network', () => {
  let lab: Lab;
  let folder: string;
  beforeAll(async () => {
    [lab, folder] = await Promise.all([Lab.open(), mkdtemp(join(tmpdir(), 'ntkit-network-'))]);
  });
  afterAll(() => Promise.all([lab.close(), rm(folder, { recursive: true })]));

  const place = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const choose = (visit: Visit, ...paths: string[]) =>
    visit.page.locator('section[aria-label=Network] input[type=file]').setInputFiles(paths);

  test('shows what is in a network, its κ as the command has it, and its certificate, within the budget', async () => {
    const visit = await lab.enter('#/network?batch=4&seed=3');
    const { page } = visit;
    const kappa = await kappaOf(page);
    const expected = await command(model('resnet-bn'), '--images', 'sample', '--batch-size', '4', '--seed', '3');
    expect(Math.abs(kappa / expected.kappa - 1)).toBeLessThan(1e-3);
    expect(await page.textContent('code.command')).toBe(
      'ntkit ntk resnet-bn.onnx --images sample --batch-size 4 --seed 3 --mode eval',
    );
    const contents = await page.innerText('section[aria-label="What is in the file"]');
    expect(contents).toMatch(/layers\.1\.conv1\s+weight \[16, 8, 3, 3\]\s+1,152/);
    expect(contents).toMatch(/ReLU in 7 places, of 36,864 inputs/);
    expect(await page.textContent('[data-testid=certificate]')).toMatch(
      /^κ lies between \S+ and \S+; the rank is 4 of 4\./,
    );
    // Without loading, and on a busy machine: the fastest of several changes counts.
    const longest: number[] = [];
    for (const seed of ['4', '5', '6', '7']) {
      await visit.longTasks();
      const before = await page.getAttribute('[data-testid=kappa]', 'data-value');
      await page.getByLabel('Seed').fill(seed);
      await page.getByLabel('Seed').blur();
      await page.waitForFunction(
        (old) => document.querySelector('[data-testid=kappa]')!.getAttribute('data-value') !== old,
        before,
      );
      await kappaOf(page);
      longest.push(Math.max(0, ...(await visit.longTasks())));
    }
    expect(Math.min(...longest)).toBeLessThan(100);

    const files = new Set(visit.requests.filter((path) => path.startsWith('/assets/')));
    const gzip = [...files].reduce((sum, path) => sum + gzipSync(readFileSync(join(lab.folder, path))).length, 0);
    expect(gzip).toBeGreaterThan(150_000); // it was counted
    expect(gzip).toBeLessThan(400_000);
    expect([...files].filter((path) => path.includes('laws'))).toEqual([]);
    expect(await visit.axe()).toEqual([]);
    await visit.close();
  });

  test('computes the same on other backends, and restores a link in a new tab', async () => {
    const settings = ['--images', 'sample', '--batch-size', '3', '--outputs', 'trace', '--parameters', '/bias$/'];
    const { kappa } = await command(model('upsample'), ...settings);
    for (const backend of ['wasm', 'reference', 'webgl2']) {
      const link = `#/network?example=upsample&batch=3&outputs=trace&parameters=/bias$/&backend=${backend}`;
      const visit = await lab.enter(link);
      expect(Math.abs((await kappaOf(visit.page)) / kappa - 1), backend).toBeLessThan(1e-3);
      expect(await visit.page.getByLabel('Names that match').inputValue()).toBe('/bias$/');
      await visit.close();
    }
  });

  test('of a case takes the batch and the mode', async () => {
    const visit = await lab.enter('#/network?example=cell&batch=64');
    const path = fileURLToPath(new URL('../golden/nb201-arch-00-train.safetensors', import.meta.url));
    const { metadata } = parseSafetensors(readFileSync(path));
    expect(Math.abs((await kappaOf(visit.page)) / Number(metadata.kappa_float64) - 1)).toBeLessThan(1e-3);
    const download = visit.page.waitForEvent('download');
    await visit.page.locator('summary', { hasText: 'Save' }).click();
    await visit.page.getByRole('button', { name: 'Case file, with Θ' }).click();
    const saved = parseCase(readFileSync(await (await download).path()), 'saved');
    const original = parseCase(readFileSync(path), 'original');
    expect(saved.input).toEqual(original.input);
    expect([...saved.network.namedParameters()].map(([, { value }]) => value)).toEqual(
      [...original.network.namedParameters()].map(([, { value }]) => value),
    );
    await visit.close();
  });

  test('refuses every other file in one line, and keeps the open network', async () => {
    const visit = await lab.enter('#/network?example=upsample&batch=2');
    await kappaOf(visit.page);
    const upsample = readFileSync(model('upsample'));
    const strange = modelBytes({
      ...{ inputs: { x: ['N', 3] }, outputs: ['y'] },
      steps: [{ operator: 'Einsum', inputs: ['x'], outputs: ['y'] }],
    });
    const large = await place('large.onnx', '');
    await truncate(large, 600e6);
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    const files: [string, RegExp][] = [
      [
        await place('cut.onnx', upsample.subarray(0, 5000)),
        /^cut\.onnx: not an ONNX model, or one that is damaged or cut off: /,
      ],
      [await place('empty.onnx', ''), /^empty\.onnx: not an ONNX model: looks like an empty file$/],
      [await place('note.txt', 'hello'), /^note\.txt: not an ONNX model: looks like a text$/],
      [await place('photo.png', png), /^photo\.png: not an ONNX model: looks like a PNG image$/],
      [await place('strange.onnx', strange), /^strange\.onnx: .*Einsum/],
      [
        await place('model.safetensors', upsample),
        /^model\.safetensors: not a safetensors file: looks like an ONNX model; /,
      ],
      [large, /^large\.onnx: expected at most 512 MB, got 600 MB$/],
    ];
    for (const [path, message] of files) {
      await choose(visit, path);
      await visit.page.waitForFunction(
        (name) => document.querySelector('.results > [role=alert]:not([hidden])')?.textContent.startsWith(name),
        path.slice(folder.length + 1),
      );
      expect(await problem(visit.page).textContent()).toMatch(message);
    }
    expect(await visit.page.textContent('[data-testid=file]')).toMatch(/^upsample\.onnx/);
    await choose(visit, model('upsample'), model('vit'));
    await visit.page.getByText('network: expected one .onnx or .safetensors').waitFor();
    // Of two that follow each other at once the second is no network: what is open is what is computed.
    await choose(visit, model('mobilenet-v2'));
    await choose(visit, await place('late.onnx', 'hello'));
    await visit.page.getByText('late.onnx: not an ONNX model').waitFor();
    await visit.page.getByLabel('Seed').fill('3');
    await visit.page.keyboard.press('Tab');
    await visit.page.locator('.command', { hasText: '--seed 3' }).waitFor();
    await choose(visit, model('mobilenet-v2'));
    await visit.page.waitForFunction(() =>
      document.querySelector('[data-testid=file]')!.textContent.startsWith('mobilenet'),
    );
    expect(await kappaOf(visit.page)).toBeGreaterThan(1);
    expect(await problem(visit.page).count()).toBe(0);
    await visit.close();
  });

  test('takes pictures and arrays instead of its images, and refuses other files', async () => {
    const visit = await lab.enter('#/network?example=upsample&batch=4');
    const { page } = visit;
    await kappaOf(page);
    const drop = (...paths: string[]) => page.locator('.settings input[type=file]').setInputFiles(paths);
    await page.getByLabel('Images', { exact: true }).focus();
    await page.keyboard.press('Tab');
    expect(await page.locator('.settings .drop').evaluate((place) => getComputedStyle(place).outlineStyle)).toBe(
      'solid',
    );
    await drop(await place('hello.png', 'no picture'));
    const line = page.locator('.settings [role=alert]:not([hidden])');
    expect(await line.textContent()).toBe('hello.png: expected pictures (PNG, JPEG, …) or a batch as .npy');

    const x = new Generator(5).normals([4, 3, 32, 32], { dtype: 'float32' });
    const npy = await place('batch.npy', encodeNpy(x));
    await drop(npy);
    await page.waitForSelector('h2:has-text("batch.npy")');
    const { kappa } = await command(model('upsample'), '--images', npy);
    expect(Math.abs((await kappaOf(page)) / kappa - 1)).toBeLessThan(1e-3);

    const pictures = await page.evaluate(() => {
      const canvas = document.createElement('canvas');
      const shots: string[] = [];
      for (const [width, color] of [
        [60, 'red'],
        [40, 'blue'],
        [32, 'green'],
      ] as const) {
        [canvas.width, canvas.height] = [width, 50];
        const context = canvas.getContext('2d')!;
        context.fillStyle = color;
        context.fillRect(0, 0, width / 2, 30);
        shots.push(canvas.toDataURL('image/png').split(',')[1]);
      }
      return shots;
    });
    const paths = await Promise.all(pictures.map((text, i) => place(`shot${i}.png`, Buffer.from(text, 'base64'))));
    await drop(...paths);
    await page.waitForSelector('h2:has-text("3 × 3, of pictures")');
    expect(await kappaOf(page)).toBeGreaterThan(1);
    await visit.close();
  });

  test('checks the laws, each with its number, and saves the results', async () => {
    const visit = await lab.enter('#/network?example=vit&batch=3');
    const { page } = visit;
    await kappaOf(page);
    await page.getByRole('button', { name: 'Check the laws of this network' }).click();
    await page.waitForFunction(() => /hold|broken/.test(document.querySelector('[data-testid=laws]')!.textContent));
    expect(await page.textContent('[data-testid=laws]')).toBe(
      'All 6 laws hold, on the first 3 samples of the batch, in float64.',
    );
    const rows = await page.locator('table.laws tbody tr').allInnerTexts();
    expect(rows).toHaveLength(6);
    for (const row of rows) expect(row).toMatch(/\tyes\t(\d\.\de[-+]\d+|0)\t\d\.\de[-+]\d+\t/);

    const save = async (label: string) => {
      const download = page.waitForEvent('download');
      await page.locator('summary', { hasText: 'Save' }).click();
      await page.getByRole('button', { name: label, exact: true }).click();
      return readFileSync(await (await download).path());
    };
    const { ntk } = await command(model('vit'), '--images', 'sample', '--batch-size', '3');
    const { shape, data } = decodeNpy({ name: 'Θ', bytes: await save('Θ as NPY') });
    expect(shape).toEqual([3, 3]);
    [...data].forEach((value, i) => expect(Number(value) / ntk[Math.floor(i / 3)][i % 3]).toBeCloseTo(1, 4));
    const told = JSON.parse((await save('Everything as JSON')).toString()) as Record<string, unknown>;
    expect(told.ntk).toEqual([0, 1, 2].map((i) => [...data].slice(3 * i, 3 * i + 3)));
    expect(told).toMatchObject({ name: 'vit.onnx', images: 'images of CIFAR-10', rank: 3, kinks: 0 });
    const csv = (await save('Θ as CSV')).toString().trim().split('\r\n');
    expect(csv.map((line) => line.split(',').slice(1).join())).toEqual([
      'image 1,image 2,image 3',
      ...[0, 1, 2].map((i) => [...data].slice(3 * i, 3 * i + 3).join()),
    ]);
    const sent = join(folder, 'sent.safetensors');
    await writeFile(sent, await save('Batch and Θ, for ntkit verify --against'));
    expect((await save('Spectrum as SVG')).toString()).toMatch(/^<svg [^]*<\/svg>$/);
    for (const label of ['Heat map as PNG', 'Spectrum as PNG']) {
      expect((await save(label)).subarray(1, 4).toString()).toBe('PNG');
    }
    const { tensors, metadata } = parseSafetensors(readFileSync(sent));
    expect(metadata).toEqual({ mode: 'eval', outputs: 'sum', parameters: 'weight' });
    expect([...tensors.keys()].sort()).toEqual(['input', 'ntk']);
    await visit.close();
  });

  test.each([360, 390])('at %i pixels does not scroll sideways, and axe finds nothing serious', async (width) => {
    const visit = await lab.enter('#/network?example=mobilenet-v2&batch=4&outputs=twelve', { width, theme: 'dark' });
    await kappaOf(visit.page);
    expect(await problem(visit.page).count()).toBe(0);
    expect(await visit.page.textContent('[role=alert]:not([hidden])')).toBe(
      'link: outputs: expected sum, trace, full or the number of an output, got "twelve"; it is sum here',
    );
    expect(await visit.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await visit.page.locator('summary', { hasText: 'Settings' }).click();
    expect(await visit.axe()).toEqual([]);
    await visit.close();
  });
});
