import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { openChromium } from '../support/chromium.ts';
import { withSite } from '../hosts/site.ts';

// The laboratory as it is built, served on this machine alone, in Chromium. A page with an error or a warning on its
// console, or that requests a missing file, fails its test.

const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** The laboratory, built and served, and a browser to enter it with. */
export class Lab {
  readonly #folder: string;
  readonly #url: string;
  readonly #browser: Browser;
  readonly #end: () => Promise<void>;

  private constructor(folder: string, url: string, browser: Browser, end: () => Promise<void>) {
    [this.#folder, this.#url, this.#browser, this.#end] = [folder, url, browser, end];
  }

  /**
   * Builds the page, serves it, and opens the browser.
   *
   * @param options.isolated whether its threads may share memory
   * @param options.graphics whether there are WebGL and WebGPU; see `openChromium`
   */
  static async open({
    isolated = true,
    graphics = true,
  }: { readonly isolated?: boolean; readonly graphics?: boolean } = {}): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'ntkit-lab-'));
    await build({
      ...{ configFile: fileURLToPath(new URL('../../web/vite.config.ts', import.meta.url)), logLevel: 'error' },
      build: { outDir: folder, emptyOutDir: true, reportCompressedSize: false },
    });
    const browser = await openChromium({ graphics });
    let end = () => {};
    const url = await new Promise<string>((resolve, reject) => {
      const ended = new Promise<void>((done) => (end = done));
      withSite(folder, isolated ? ISOLATION : {}, (address) => {
        resolve(address);
        return ended;
      }).catch(reject);
    });
    return new Lab(folder, url, browser, () => Promise.resolve(end()));
  }

  /** The folder of the built page. */
  get folder(): string {
    return this.#folder;
  }

  /** Enters the laboratory by a link, `#/cell?batch=8`, in a tab with nothing stored. */
  async enter(link: string, { width = 1280, theme = 'light', height = 900, without }: Look = {}): Promise<Visit> {
    const context = await this.#browser.newContext({
      ...{ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce', acceptDownloads: true },
    });
    await context.addInitScript(watchLongTasks);
    if (without !== undefined) await context.route(without, (route) => route.abort());
    const visit = new Visit(context, await context.newPage(), without === undefined ? undefined : /net::ERR_FAILED/);
    await visit.page.goto(`${this.#url}${link}`);
    return visit;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#end();
    await rm(this.#folder, { recursive: true });
  }
}

/** The browser of a visit. */
export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Files that do not arrive, until {@link Visit.connect}: `**\/data/*`. */
  readonly without?: string;
}

/** An open page. */
export class Visit {
  readonly page: Page;
  /** Errors and warnings of its console, and failed requests. */
  readonly complaints: string[] = [];
  /** The paths of the files that were requested. */
  readonly requests: string[] = [];
  readonly #context: BrowserContext;

  /** @param allowed what the console may say */
  constructor(context: BrowserContext, page: Page, allowed?: RegExp) {
    [this.#context, this.page] = [context, page];
    context.on('request', (request) => {
      if (/^https?:/.test(request.url())) this.requests.push(new URL(request.url()).pathname);
    });
    context.on('response', (response) => {
      if (!response.ok() && response.status() !== 304) this.complaints.push(`${response.status()} ${response.url()}`);
    });
    context.on('console', (message) => {
      const [kind, text] = [message.type(), message.text()];
      if (['error', 'warning'].includes(kind) && !allowed?.test(text)) this.complaints.push(text);
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
  }

  /** The durations of tasks of the page's own thread that took more than 50 ms since the last call, in ms. */
  async longTasks(): Promise<number[]> {
    return this.page.evaluate<number[]>('globalThis.longTasks.splice(0)');
  }

  /**
   * The longest task of the page's own thread while something is done, in ms of processor time: what it would take on a
   * machine that has nothing else to do.
   */
  async longestTask(during: () => Promise<unknown>): Promise<number> {
    const session = await this.#context.newCDPSession(this.page);
    const events: TraceEvent[] = [];
    session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
    const traceConfig = { includedCategories: ['toplevel'] };
    await session.send('Tracing.start', { traceConfig, transferMode: 'ReportEvents' });
    await during();
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
    const named = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
    const threads = new Set(named.map(threadOf));
    const tasks = events.filter((event) => event.tdur !== undefined && threads.has(threadOf(event)));
    if (tasks.length === 0) throw new Error('tracing: expected tasks of the page, got none');
    return Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000));
  }

  /** All files arrive from now on. */
  async connect(): Promise<void> {
    await this.#context.unrouteAll();
  }

  /** The serious and critical violations that axe finds. */
  async axe(): Promise<string[]> {
    await this.page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
    const { violations } = await this.page.evaluate<{ violations: Result[] }>('axe.run()');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  }

  /** @throws an Error when there was any complaint. */
  async close(): Promise<void> {
    await this.#context.close();
    if (this.complaints.length > 0) throw new Error(this.complaints.join('; '));
  }
}

/** An event of Chromium's tracing, times in µs. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** How long its thread computed. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Runs in the page before its own scripts. */
function watchLongTasks(): void {
  const longTasks: number[] = [];
  Object.assign(globalThis, { longTasks });
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: 'longtask',
    buffered: true,
  });
}
