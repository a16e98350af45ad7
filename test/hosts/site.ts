import type { Browser, BrowserContext } from 'playwright-core';
import { preview } from 'vite';

/** What a page did during a test. */
export interface Visit<R> {
  /** The value of `globalThis.result`. */
  readonly result: R;
  /** The URLs that it and its workers requested, from the root of its host. */
  readonly requests: readonly string[];
}

/** Serves the files of a folder on this machine alone, while `use` runs. */
export async function withSite<T>(
  folder: string,
  headers: Readonly<Record<string, string>>,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const server = await preview({
    ...{ configFile: false, root: folder, logLevel: 'error', appType: 'mpa', build: { outDir: '.' } },
    preview: { host: 'localhost', port: 0, headers },
  });
  try {
    return await use(server.resolvedUrls!.local[0]);
  } finally {
    await server.close();
  }
}

/**
 * Opens a page and waits for its result.
 *
 * @param allowed what the console may say
 * @throws an Error when the page or its console says that something is wrong, or a requested file is missing.
 */
export async function visit<R>(browser: Browser, url: string, allowed?: RegExp): Promise<Visit<R>> {
  const context: BrowserContext = await browser.newContext();
  const [requests, complaints]: [string[], string[]] = [[], []];
  context.on('request', (request) => {
    if (/^https?:/.test(request.url())) requests.push(request.url().replace(url, '/'));
  });
  context.on('response', (response) => {
    if (!response.ok() && response.status() !== 304) complaints.push(`${response.status()} ${response.url()}`);
  });
  context.on('console', (message) => {
    const [kind, text] = [message.type(), message.text()];
    if (['error', 'warning'].includes(kind) && !allowed?.test(text)) complaints.push(text);
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  try {
    const page = await context.newPage();
    await page.goto(url);
    const there = 'globalThis.result';
    while (complaints.length === 0 && !(await page.evaluate(`${there} !== undefined`))) await page.waitForTimeout(20);
    if (complaints.length > 0) throw new Error(`${url}: ${complaints.join('; ')}`);
    const result = await page.evaluate<R>(there);
    return { result, requests };
  } finally {
    await context.close();
  }
}

/** No icon: without this line, a browser requests /favicon.ico. */
export const NO_ICON = '<link rel="icon" href="data:,">';

/** A page with one script, a module. */
export const documentOf = (script: string, head = NO_ICON) =>
  `<!doctype html><meta charset="utf-8"><title>ntkit</title>${head}<script type="module" src="${script}"></script>`;
