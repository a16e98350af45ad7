import type * as WorkerThreads from 'node:worker_threads';
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

// What a browser has and Node has not, or not under these names.
const web = globalThis as unknown as {
  readonly Worker?: new (url: string, options: { name: string }) => WebWorker;
  readonly Blob: new (parts: string[], options: { type: string }) => object;
  readonly URL: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void };
};

/** Starts a worker that runs a script, in which `port` is the way to and from here. */
export async function startThread(script: string, name: string, events: ThreadEvents): Promise<Thread> {
  return web.Worker ? startWebThread(script, name, events) : startNodeThread(script, name, events);
}

function startWebThread(script: string, name: string, { onReply, onDeath }: ThreadEvents): Thread {
  const url = web.URL.createObjectURL(new web.Blob([`const port = self;${script}`], { type: 'text/javascript' }));
  const worker = new web.Worker!(url, { name });
  worker.onmessage = ({ data }) => onReply(data);
  worker.onerror = ({ message }) => onDeath(message ?? 'its script could not be loaded');
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    terminate() {
      worker.terminate();
      web.URL.revokeObjectURL(url);
      return Promise.resolve();
    },
  };
}

async function startNodeThread(script: string, name: string, { onReply, onDeath }: ThreadEvents): Promise<Thread> {
  const module = 'node:worker_threads'; // not a literal: bundlers for the web leave it alone
  const { Worker } = (await import(/* @vite-ignore */ module)) as typeof WorkerThreads;
  const prologue = "const port = require('node:worker_threads').parentPort;";
  // No loaders or flags of the parent's: the script is plain JavaScript.
  const worker = new Worker(prologue + script, { eval: true, name, execArgv: [] });
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
