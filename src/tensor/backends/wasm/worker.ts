import type { FloatArray } from '../../array.ts';
import { joinColumns } from '../../columns.ts';
import type { Places } from '../../backend.ts';
import { BARRIER, type Call, type Region, WIDE } from './calls.ts';
import { createMemory, PAGE } from './memory.ts';
import type { Reply, Request, Sent, Start } from './messages.ts';
import type { Port, WasmProgram } from './program.ts';

// The script of a worker: it holds programs, and runs their calls on its memory. Bundled on its own (see
// scripts/generate.ts), for a web worker and for one of Node alike.

/** The way to and from the one who started the worker. */
interface Channel {
  onmessage: ((event: { readonly data: Start | Request }) => void) | null;
  postMessage(reply: Reply, transfer: readonly ArrayBuffer[]): void;
}

declare const self: Channel | undefined;
declare const require: (module: 'node:worker_threads') => { readonly parentPort: Channel };

const port = typeof self === 'undefined' ? require('node:worker_threads').parentPort : self;

type Kernel = (...args: number[]) => void;

/** Calls kernels one after another; once the number becomes 1, waits alone are left. */
type Run = (stop: Int32Array | undefined) => void;

interface Loaded {
  readonly program: WasmProgram;
  readonly bases: Readonly<Record<Region, number>>;
  readonly fixed: Run;
  readonly varying: Run;
}

/** Programs by their numbers: one that is loaded again is not sent again. */
const known = new Map<number, WasmProgram>();
const programs = new Map<number, Loaded>();
let memory: WebAssembly.Memory;
const kernels: Record<string, Kernel> = {};

port.onmessage = ({ data: message }) => {
  if (message.kind === 'start') {
    memory = message.memory ?? createMemory(false);
    return take(message.module, '');
  }
  try {
    const outputs = answer(message);
    const buffers = outputs.flatMap((output) => (output ? [output.buffer as ArrayBuffer] : []));
    port.postMessage({ job: message.job, outputs }, buffers);
  } catch (error) {
    if (message.kind === 'bind') throw error; // others may be waiting for this thread: better that it dies, and they with it
    port.postMessage({ job: message.job, error: error instanceof Error ? error.message : String(error) }, []);
  }
};

function answer(request: Request): Places {
  if (request.kind === 'load') {
    load(request);
    return [];
  }
  if (request.kind === 'unload') {
    programs.delete(request.id); // which is not there where it was not loaded
    return [];
  }
  const { program, bases, fixed, varying } = programs.get(request.id)!;
  switch (request.kind) {
    case 'bind':
      takeIn(program.fixedInputs, request.data, bases);
      fixed(request.stop);
      return [];
    case 'run':
      takeIn(program.varyingInputs, request.data, bases);
      varying(request.stop);
      // Copies: the next run begins before these are read.
      return program.outputs.map((output, i) => {
        const place = request.places[i];
        if (!place) return view(output, bases).slice();
        place.set(view(output, bases));
        return undefined;
      });
    case 'read':
      return program.carried.map((port) => view(port, bases).slice());
  }
}

function takeIn(inputs: readonly Port[], data: readonly (Sent | undefined)[], bases: Loaded['bases']): void {
  data.forEach((sent, i) => {
    if (sent === undefined) return;
    const to = view(inputs[i], bases);
    if ('ranges' in sent) joinColumns(to, sent);
    else to.set(sent);
  });
}

function exportsOf(module: WebAssembly.Module): typeof kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as typeof kernels;
}

/** Takes the kernels of a module, with a suffix to their names. */
function take(module: WebAssembly.Module, suffix: string): void {
  for (const [name, kernel] of Object.entries(exportsOf(module))) kernels[name + suffix] = kernel;
}

function load(request: Extract<Request, { kind: 'load' }>): void {
  const { id, part, programId, wide, emitted, bases, memoryBytes } = request;
  if (wide) take(wide, WIDE);
  if (request.forget !== undefined) known.delete(request.forget);
  if (request.program) known.set(programId, request.program);
  const program = known.get(programId)!;
  const missing = memoryBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  for (const { offset, data } of program.constants) {
    const to = new Uint8Array(memory.buffer, bases.constants + offset, data.byteLength);
    to.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const all = emitted ? { ...kernels, ...exportsOf(emitted) } : kernels;
  const prepared = {
    fixed: prepare(program.fixedCalls[part], bases, all),
    varying: prepare(program.varyingCalls, bases, all),
  };
  programs.set(id, { program, bases, ...prepared });
}

/** Calls with all addresses resolved. */
function prepare(calls: readonly Call[], bases: Readonly<Record<Region, number>>, all: typeof kernels): Run {
  const resolved = calls.map(({ kernel, args }) => ({
    kernel: kernel === BARRIER ? wait : all[kernel],
    args: args.map((arg) => (typeof arg === 'number' ? arg : bases[arg.region] + arg.offset)),
  }));
  return (stop) => {
    // Threads wait for each other even then: each must come to where the others wait.
    for (const { kernel, args } of resolved) if (kernel === wait || !stop || !Atomics.load(stop, 0)) kernel(...args);
  };
}

/** So often a thread looks whether the others have come before it sleeps: about as long as it takes to wake one up. */
const LOOKS = 20_000;

/**
 * Waits until all threads have come here.
 *
 * @param at two 32-bit numbers: how many have come, and how often all had come.
 */
function wait(at: number, threads: number): void {
  const state = new Int32Array(memory.buffer, at, 2);
  const round = Atomics.load(state, 1);
  if (Atomics.add(state, 0, 1) === threads - 1) {
    Atomics.store(state, 0, 0);
    Atomics.add(state, 1, 1);
    Atomics.notify(state, 1);
    return;
  }
  for (let look = 0; look < LOOKS; look++) if (Atomics.load(state, 1) !== round) return;
  while (Atomics.load(state, 1) === round) Atomics.wait(state, 1, round);
}

function view({ address, dtype, size }: Port, bases: Readonly<Record<Region, number>>): FloatArray {
  const at = bases[address.region] + address.offset;
  return new (dtype === 'float32' ? Float32Array : Float64Array)(memory.buffer, at, size);
}
