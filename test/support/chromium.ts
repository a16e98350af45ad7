import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { devicesRequired } from './required.ts';

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A browser that is installed here: Debian's package `chromium`, or what the variable CHROMIUM names. */
export const chromiumPath = candidates.find((path) => path !== undefined && existsSync(path));

if (chromiumPath === undefined && devicesRequired) {
  throw new Error('browser tests: expected Chromium (apt install chromium), found none');
}

const GRAPHICS = [
  ...['--ignore-gpu-blocklist', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  ...['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
];

/**
 * Chromium without a window, with graphics by its own software rasteriser: the same on every machine.
 *
 * @param options.graphics whether there are WebGL and WebGPU. Without them pages are drawn much faster, because no
 * graphics device is emulated.
 */
export function openChromium({ graphics = true }: { readonly graphics?: boolean } = {}): Promise<Browser> {
  const args = ['--no-sandbox', ...(graphics ? GRAPHICS : ['--disable-gpu'])];
  return chromium.launch({ executablePath: chromiumPath!, args });
}

/** One script for a page, bundled and minified as an application's would be. */
export async function bundle(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [fileURLToPath(entry)], bundle: true, minify: true, write: false, format: 'iife' },
    ...{ platform: 'browser', target: 'es2022', logLevel: 'error' },
  });
  return outputFiles[0].text;
}

/** Further files of a page, and how they are served. */
export interface ServeOptions {
  /** A folder whose files are served, too. */
  readonly folder?: URL;
  /** Further scripts, by their paths. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** Whether the page is cross-origin isolated, so that its threads may share memory. */
  readonly isolated?: boolean;
  /** The page's Content-Security-Policy. */
  readonly policy?: string;
}

/** Serves a page with one script, on this machine alone. */
export async function serve(
  script: string,
  { folder, scripts = {}, isolated = false, policy }: ServeOptions = {},
): Promise<{ url: string; server: Server }> {
  const all: Readonly<Record<string, string>> = { ...scripts, '/page.js': script };
  const server = createServer(({ url }, response) => {
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    if (policy !== undefined) response.setHeader('content-security-policy', policy);
    if (url === '/') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><meta charset="utf-8"><title>ntkit</title><script src="/page.js"></script>');
    } else if (url !== undefined && Object.hasOwn(all, url)) {
      response.setHeader('content-type', 'text/javascript');
      response.end(all[url]);
    } else {
      const path = folder && new URL(`.${url}`, folder);
      if (path?.href.startsWith(folder!.href) && existsSync(path)) response.end(readFileSync(path));
      else response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/`, server };
}
