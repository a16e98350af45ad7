import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

// A page of the project's own code in a real browser: Debian's Chromium, or the one that NTKIT_BROWSER names.

const candidates = [
  process.env.NTKIT_BROWSER,
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium-browser',
];

/** The browser's program, if there is one. Where NTKIT_REQUIRE says that all devices must be there, a lack is an error. */
export function browserPath(): string | undefined {
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined && process.env.NTKIT_REQUIRE) {
    throw new Error(`NTKIT_REQUIRE is set, and no browser found: expected one of ${candidates.join(', ')}`);
  }
  return found;
}

/** A browser; close it after use. */
export function launch(path: string, flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', ...flags] });
}

/** One script, bundled for a page as a user's bundler would, minified. */
export async function bundle(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    external: ['node:*'],
  });
  return outputFiles[0].text;
}

/** Serves a page with one script; `isolated` pages may share memory between threads. */
export async function serve(
  script: string,
  { isolated }: { readonly isolated: boolean },
): Promise<{ url: string; close: () => void }> {
  const headers = isolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {};
  const server = createServer(({ url }, response) => {
    const isScript = url === '/script.js';
    response.writeHead(200, { ...headers, 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><script src="/script.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close() };
}
