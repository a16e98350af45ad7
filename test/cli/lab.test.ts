import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, type Running, start } from '../support/command.ts';

// The command in a copy of the sources, beside pages that are made for the test.

const root = fileURLToPath(new URL('../../', import.meta.url));
let copy: string;
let command: readonly string[];
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'ntkit-lab-'));
  for (const name of ['package.json', 'src', 'tsconfig.json'])
    await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  command = [...COMMAND.slice(0, -1), join(copy, 'src/cli/main.ts'), 'lab'];
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** Waits for the line with the URL of the page. */
async function address({ child, done }: Running): Promise<URL> {
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
    void done.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  return new URL(/^The laboratory is at (http:\/\/localhost:\d+\/lab\/), until \^C\.\n$/.exec(line)![1]);
}

/** The response to a path that is sent unchanged. */
async function ask(base: URL, path: string, method = 'GET') {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ hostname: 'localhost', port: base.port, path, method }, resolve).on('error', reject).end();
  });
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text };
}

test('where the page is not built, one line says how to build it', async () => {
  const { code, stdout, stderr } = await start(command).done;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^ntkit: lab: \S*dist\/lab\/ holds no page: npm run lab:build builds it\n$/);
});

describe('ntkit lab', () => {
  const files: Readonly<Record<string, string>> = {
    'dist/lab/index.html': '<!doctype html>the page',
    'dist/lab/assets/page.js': 'export {}',
    'dist/lab/assets/kernels.wasm': '\0asm',
    'dist/lab-secret.txt': 'beside the page',
  };
  beforeAll(async () => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(copy, name, '..'), { recursive: true });
      await writeFile(join(copy, name), text);
    }
  });

  test('serves the page with the headers that shared memory needs, and shuts down cleanly', async () => {
    const running = start(command);
    const base = await address(running);
    const page = await ask(base, '/lab/?x=1');
    expect(page).toMatchObject({ status: 200, text: files['dist/lab/index.html'] });
    for (const path of ['/lab/', '/lab/assets/page.js', '/lab/nothing.js', '/']) {
      expect((await ask(base, path)).headers, path).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
    const typeOf = async (path: string) => (await ask(base, path)).headers['content-type'];
    expect(await typeOf('/lab/')).toMatch(/^text\/html/);
    expect(await typeOf('/lab/assets/page.js')).toMatch(/^text\/javascript/);
    expect(await typeOf('/lab/assets/kernels.wasm')).toBe('application/wasm');
    // Without the slash of /lab/ relative URLs would be wrong.
    for (const path of ['/', '/lab']) {
      expect(await ask(base, path)).toMatchObject({ status: 302, headers: { location: '/lab/' } });
    }
    // Rebuilt files are requested again.
    expect(page.headers['cache-control']).toMatch(/max-age=0/);
    for (const path of [
      '/lab/none',
      '/other',
      '/lab/../package.json',
      '/lab/..%2flab-secret.txt',
      '/lab/%2e%2e/lab-secret.txt',
      '/lab/%E0',
    ]) {
      expect(await ask(base, path), path).toMatchObject({ status: 404 });
    }
    expect((await ask(base, '/lab/', 'POST')).status).toBe(405);
    running.child.kill('SIGINT');
    expect(await running.done).toMatchObject({ code: 0, stderr: '' });
  });

  test('says when a port is taken, and finds a free one by default', async () => {
    const other = createServer().listen(0, 'localhost');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      expect(await start([...command, '--port', String(port)]).done).toEqual({
        ...{ code: 2, stdout: '' },
        stderr: `ntkit: --port ${port}: is taken by another program; without --port a free one is found\n`,
      });
    } finally {
      other.close();
    }
    const running = [start(command), start(command)];
    const ports = await Promise.all(running.map(async (each) => (await address(each)).port));
    expect(ports[0]).not.toBe(ports[1]);
    for (const { child } of running) child.kill('SIGTERM');
    expect((await Promise.all(running.map(({ done }) => done))).map(({ code }) => code)).toEqual([0, 0]);
  });

  test('serves the documentation above the page where it is built', async () => {
    const site = join(copy, 'docs/.vitepress/dist');
    await mkdir(site, { recursive: true });
    await writeFile(join(site, 'index.html'), 'the site');
    await writeFile(join(site, 'onnx.html'), 'files');
    const running = start(command);
    const base = await address(running);
    expect((await ask(base, '/')).text).toBe('the site');
    expect((await ask(base, '/onnx')).text).toBe('files');
    expect((await ask(base, '/lab/')).text).toBe(files['dist/lab/index.html']);
    running.child.kill('SIGINT');
    expect((await running.done).code).toBe(0);
  });
});
