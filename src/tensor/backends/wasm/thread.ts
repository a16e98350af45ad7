import type * as WorkerThreads from 'node:worker_threads';
import { BackendError } from '../../../errors.ts';
import type { Reply, Request, Start } from './messages.ts';

/** A worker, of Node or of the web. */
export interface Thread {
  post(message: Start | Request): void;
  /** Keeps the process alive while `true`. */
  hold(busy: boolean): void;
  terminate(): Promise<void>;
}

/** What a thread tells the one who started it. */
export interface ThreadEvents {
  readonly onReply: (reply: Reply) => void;
  /** It has died, or its script failed. */
  readonly onDeath: (reason: string) => void;
}

interface WebWorker {
  onmessage: ((event: { readonly data: Reply }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: Start | Request): void;
  terminate(): void;
}

type WebWorkerConstructor = new (url: string | URL, options: { name: string; type: 'module' }) => WebWorker;

/** Those of the web, or undefined where `node:worker_threads` has better ones: Deno's web workers keep a process alive. */
function webWorkers(): WebWorkerConstructor | undefined {
  return 'Deno' in globalThis ? undefined : (globalThis as { Worker?: WebWorkerConstructor }).Worker;
}

/** Whether workers are those of the web. */
export function hasWebWorkers(): boolean {
  return webWorkers() !== undefined;
}

/**
 * Starts a worker.
 *
 * @param scriptUrl where the script of a web worker lies; one is made where it is not given.
 */
export async function startThread(
  name: string,
  scriptUrl: string | URL | undefined,
  events: ThreadEvents,
): Promise<Thread> {
  const Worker = webWorkers();
  if (!Worker) return startNodeThread(await workerScript(), name, events);
  if (scriptUrl !== undefined) {
    return startWebThread(Worker, scriptUrl, `its script could not be loaded from ${scriptUrl}`, name, events);
  }
  const blobUrl = URL.createObjectURL(new Blob([await workerScript()], { type: 'text/javascript' }));
  const refused =
    'its script was refused as a blob: URL, as by a Content-Security-Policy without worker-src blob:; ' +
    'serve a copy of ntkit/worker, and give its address as workerUrl';
  try {
    const thread = startWebThread(Worker, blobUrl, refused, name, events);
    return {
      ...thread,
      terminate() {
        URL.revokeObjectURL(blobUrl);
        return thread.terminate();
      },
    };
  } catch (error) {
    URL.revokeObjectURL(blobUrl);
    throw error;
  }
}

async function workerScript(): Promise<string> {
  return (await import('./generated/workerScript.ts')).WORKER_SCRIPT;
}

/** @throws BackendError when the page's policy has the worker refused at once. */
function startWebThread(
  Worker: WebWorkerConstructor,
  url: string | URL,
  notLoaded: string,
  name: string,
  { onReply, onDeath }: ThreadEvents,
): Thread {
  let worker: WebWorker;
  try {
    // A module: Deno has workers of no other kind.
    worker = new Worker(url, { name, type: 'module' });
  } catch (error) {
    throw new BackendError(`backend wasm: worker ${name}: ${notLoaded}`, { cause: error });
  }
  worker.onmessage = ({ data }) => onReply(data);
  // An error of the script has a message; that it did not load has none.
  worker.onerror = ({ message }) => onDeath(message ?? notLoaded);
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    terminate() {
      worker.terminate();
      return Promise.resolve();
    },
  };
}

async function startNodeThread(script: string, name: string, { onReply, onDeath }: ThreadEvents): Promise<Thread> {
  const module = 'node:worker_threads'; // not a literal: bundlers for the web leave it alone
  const { Worker } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ module)) as typeof WorkerThreads;
  // No loaders or flags of the parent's: the script is plain JavaScript.
  const worker = new Worker(script, { eval: true, name, execArgv: [] });
  let ended = false;
  worker.on('message', onReply);
  worker.on('error', (error) => onDeath(error.message));
  worker.on('exit', (code) => {
    if (!ended) onDeath(`it ended with code ${code}`);
  });
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    hold(busy) {
      if (ended) return;
      if (busy) worker.ref();
      else worker.unref();
    },
    async terminate() {
      ended = true;
      worker.ref(); // what is awaited must keep the process alive
      await worker.terminate();
    },
  };
}
