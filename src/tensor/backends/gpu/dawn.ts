import { BackendError } from '../../../errors.ts';
import type { WebGpu } from './webgpuTypes.ts';

// WebGPU in Node: the package `webgpu`, which is Dawn. Its promises are settled in *ticks*, functions that Dawn hands to
// the global `setImmediate` one after another for as long as it has promises open. A device has one open all its life,
// `lost`, so that a process with a device would spin and never end. Dawn is therefore handed another `setImmediate`
// whenever it may ask for a tick, and ticks are run only while something waits for them.

type Tick = () => void;

/** Ticks that are run at once. Those after them are a millisecond apart: a device in software needs the processors. */
const MOST_AT_ONCE = 20;

/** The ticks of Dawn. */
class Ticks {
  #due: Tick | undefined;
  #waiting = 0;
  #scheduled = false;
  #inARow = 0;

  /** Calls what may make Dawn ask for a tick. */
  call<T>(f: () => T): T {
    const { setImmediate } = globalThis;
    const take = (tick: Tick) => {
      this.#due = tick;
    };
    globalThis.setImmediate = take as unknown as typeof setImmediate;
    try {
      return f();
    } finally {
      globalThis.setImmediate = setImmediate;
      this.#schedule();
    }
  }

  /** Runs ticks until a promise is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    this.#waiting++;
    this.#inARow = 0;
    this.#schedule();
    try {
      return await promise;
    } finally {
      this.#waiting--;
    }
  }

  #schedule(): void {
    if (this.#due === undefined || this.#waiting === 0 || this.#scheduled) return;
    this.#scheduled = true;
    const run = () => {
      this.#scheduled = false;
      const tick = this.#due;
      this.#due = undefined;
      if (tick) this.call(tick);
    };
    if (this.#inARow++ < MOST_AT_ONCE) setImmediate(run);
    else setTimeout(run, 1);
  }
}

/** WebGPU of Dawn, and what lets its promises be settled. */
export interface Dawn {
  readonly gpu: WebGpu;
  readonly ticks: Ticks;
}

/** Whether this is Node. */
export const isNode = () => typeof process !== 'undefined' && 'versions' in process && 'node' in process.versions;

/** There is one Dawn in a process, kept to its end: it may not be collected while a device is there. */
let dawn: Promise<Dawn> | undefined;

/** How WebGPU is had in Node. */
export const HOW_IN_NODE =
  'expected the package webgpu (npm install webgpu@0.4) and a driver that it runs on: on Linux libvulkan1 and a Vulkan ' +
  'driver, which in software may be the one that Chromium brings ' +
  '(VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json)';

/**
 * Loads the package `webgpu`.
 *
 * @throws BackendError when it is not installed, is another version, or its binary does not load.
 */
export async function loadDawn(): Promise<Dawn> {
  try {
    return await (dawn ??= start());
  } catch (error) {
    dawn = undefined;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new BackendError(`backend gpu: mode webgpu is not available: ${HOW_IN_NODE} (${reason})`);
  }
}

async function start(): Promise<Dawn> {
  const library = 'webgpu'; // not a literal: bundlers leave it alone where it is not installed
  const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ library)) as {
    create?: (options: readonly string[]) => WebGpu;
  };
  // GPU.js brings a version of its own, which has no such function.
  if (typeof module.create !== 'function') throw new Error('a different version of the package webgpu was found');
  return { gpu: module.create([]), ticks: new Ticks() };
}
