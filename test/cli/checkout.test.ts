import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { start } from '../support/command.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('in a checkout without generated sources the command generates them', async () => {
  const checkout = await mkdtemp(join(tmpdir(), 'ntkit-checkout-'));
  try {
    for (const name of ['package.json', 'scripts', 'src', 'assets', 'tsconfig.json']) {
      const filter = (path: string) => !/[\\/]generated$/.test(path);
      await cp(join(root, name), join(checkout, name), { recursive: true, filter });
    }
    await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
    const generated = join(checkout, 'src/tensor/backends/wasm/generated/kernels.ts');
    expect(existsSync(generated)).toBe(false);
    const cell = ['score', '--arch', '9506', '--channels', '2', '--cells', '1', '--batch-size', '2', '--repeats', '1'];
    const command = ['npm', '--prefix', checkout, 'run', '-s', 'ntkit', '--', ...cell, '--json'];
    const { code, stdout, stderr } = await start(command).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ backend: 'wasm', batchSize: 2 });
    expect(existsSync(generated)).toBe(true);
  } finally {
    await rm(checkout, { recursive: true, force: true });
  }
});
