import { existsSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import sirv, { type Options as Serving } from 'sirv';
import { InputError } from '../errors.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { flush, print } from './output.ts';

/** Options of `ntkit lab`. */
type Options = OptionsOf<typeof commands.lab>;

/** The built page, as the package holds it; in a clone it has to be built. */
const LAB = new URL('../../dist/lab/', import.meta.url);

/** The built documentation, which a clone may hold. */
const SITE = new URL('../../docs/.vitepress/dist/', import.meta.url);

/** The port where none is asked for; if it is taken, any free one. */
const PORT = 4173;

/** What lets the page's threads share one memory. */
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/**
 * `ntkit lab`: serves the laboratory on this machine alone, under /lab/, until ^C; the documentation above it, where it is
 * built.
 *
 * @throws InputError when the page is not built, or a port that is asked for is taken.
 */
export async function labCommand({ port }: Options): Promise<void> {
  const folder = fileURLToPath(LAB);
  if (!existsSync(new URL('index.html', LAB))) {
    throw new InputError(`lab: ${folder} holds no page: npm run lab:build builds it`);
  }
  const server = createServer(
    listener(folder, existsSync(new URL('index.html', SITE)) ? fileURLToPath(SITE) : undefined),
  );
  const ended = firstSignal();
  await listen(server, port);
  print(`The laboratory is at http://localhost:${(server.address() as AddressInfo).port}/lab/, until ^C.`);
  await flush();
  await ended;
  server.close();
  server.closeAllConnections();
}

/** Answers with the files of the page under /lab/, and with those of the site elsewhere. */
function listener(lab: string, site: string | undefined): RequestListener {
  const options: Serving = { etag: true, maxAge: 0 };
  const page = sirv(lab, options);
  const rest = site === undefined ? undefined : sirv(site, { ...options, extensions: ['html'] });
  return (request, response) => {
    for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value);
    const { method, url = '/' } = request;
    const path = url.replace(/[?#].*$/s, '');
    const refuse = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
    };
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'only GET and HEAD');
    const none = () => refuse(404, 'no such file');
    if (path.startsWith('/lab/')) {
      request.url = url.slice('/lab'.length);
      return page(request, response, none);
    }
    if (path === '/lab' || (path === '/' && rest === undefined)) {
      response.writeHead(302, { location: '/lab/' }).end();
      return;
    }
    if (rest === undefined) return none();
    rest(request, response, none);
  };
}

/** Listens on a port that is asked for, or on the usual one, or on any. */
async function listen(server: Server, port: number | undefined): Promise<void> {
  const attempt = (at: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, 'localhost', () => {
        server.off('error', reject);
        resolve();
      });
    });
  try {
    await attempt(port ?? PORT);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (port !== undefined || code !== 'EADDRINUSE') throw unusable(port ?? PORT, code ?? String(error));
    await attempt(0);
  }
}

function unusable(port: number, code: string): InputError {
  const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be listened on (${code})`;
  return new InputError(`--port ${port}: ${why}; without --port a free one is found`);
}

/** ^C, or another request to end. A second one ends the process at once. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve());
  });
}
