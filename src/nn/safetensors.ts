import {
  allocate,
  type DType,
  type FloatArray,
  formatShape,
  InputError,
  type NDArray,
  sizeOf,
} from '../tensor/index.ts';
import { fileKind } from '../fileKind.ts';
import { bfloatToNumber, halfToNumber } from '../narrowFloats.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  /** Tensors by name, in the file's order. */
  readonly tensors: ReadonlyMap<string, NDArray>;
}

/** The format's own limit on its header. */
const MAX_HEADER_BYTES = 100_000_000;

type Read = (view: DataView, offset: number) => number;

/** An element type of the format. */
interface Encoding {
  readonly bytes: number;
  readonly dtype: DType;
  /** Left out where values are not read: such a tensor is refused when they are asked for. */
  readonly read?: Read;
}

const float64 = (bytes: number, read: Read): Encoding => ({ bytes, dtype: 'float64', read });
const float32 = (bytes: number, read: Read): Encoding => ({ bytes, dtype: 'float32', read });

/** Every element type of whole bytes, and the precision that holds all its values. */
const encodings: Readonly<Record<string, Encoding>> = {
  F64: float64(8, (view, at) => view.getFloat64(at, true)),
  F32: float32(4, (view, at) => view.getFloat32(at, true)),
  F16: float32(2, (view, at) => halfToNumber(view.getUint16(at, true))),
  BF16: float32(2, (view, at) => bfloatToNumber(view.getUint16(at, true))),
  I64: float64(8, (view, at) => Number(view.getBigInt64(at, true))),
  I32: float64(4, (view, at) => view.getInt32(at, true)),
  I16: float64(2, (view, at) => view.getInt16(at, true)),
  U64: float64(8, (view, at) => Number(view.getBigUint64(at, true))),
  U32: float64(4, (view, at) => view.getUint32(at, true)),
  U16: float64(2, (view, at) => view.getUint16(at, true)),
  I8: float64(1, (view, at) => view.getInt8(at)),
  U8: float64(1, (view, at) => view.getUint8(at)),
  BOOL: float64(1, (view, at) => view.getUint8(at)),
  F8_E4M3: { bytes: 1, dtype: 'float32' },
  F8_E5M2: { bytes: 1, dtype: 'float32' },
  F8_E8M0: { bytes: 1, dtype: 'float32' },
  C64: { bytes: 8, dtype: 'float32' },
};

/** The names of the element types whose values can be read. */
const readable = Object.keys(encodings).filter((name) => encodings[name].read !== undefined);

/** One entry of the header, checked. */
interface Entry {
  readonly name: string;
  /** The element type as the file names it. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file: eight bytes that give the header's length, a JSON header, and the tensors' bytes, which the
 * header must cover without gap or overlap. Half precisions become float32, integers float64.
 *
 * Names, shapes and offsets are checked at once. The values of a tensor are decoded when its `data` is first read, and then
 * kept: what nobody asks for costs nothing. Reading `data` throws an InputError where the values cannot be read: complex
 * numbers, floats of 8 bits and fewer, integers from 2⁵³ on.
 *
 * @param bytes must not change afterwards.
 * @param source names the file in messages.
 * @throws InputError when the header is not as the format demands.
 *
 * @example
 * const bytes = encodeSafetensors({ metadata: { name: 'mine' }, tensors: stateDict(network) });
 * const { metadata, tensors } = parseSafetensors(bytes, 'mine.safetensors');
 * console.log(metadata.name, tensors.get('0.weight')!.shape); // mine [ 16, 5 ]
 */
export function parseSafetensors(bytes: Uint8Array, source = 'safetensors'): Safetensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notOne = (why: string): InputError => {
    const kind = fileKind(bytes);
    return new InputError(
      `${source}: ${kind === undefined ? '' : `not a safetensors file: looks like ${kind}; `}${why}`,
    );
  };
  if (bytes.length < 8) throw notOne(`expected at least 8 bytes, got ${bytes.length}`);
  const headerBytes = view.getBigUint64(0, true);
  const most = Math.min(bytes.length - 8, MAX_HEADER_BYTES);
  if (headerBytes > BigInt(most)) throw notOne(`expected a header of at most ${most} bytes, got ${headerBytes}`);
  const start = 8 + Number(headerBytes);
  const header = parseHeader(bytes.subarray(8, start), notOne);
  const bodyBytes = bytes.length - start;
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => checkEntry(name, value, bodyBytes, source));
  checkCoverage(entries, bodyBytes, source);
  return {
    metadata: checkMetadata(header['__metadata__'], source),
    tensors: new Map(entries.map((entry) => [entry.name, lazyArray(entry, view, start, source)])),
  };
}

/**
 * Writes a safetensors file; the inverse of {@link parseSafetensors}. Tensors are written in their own precision, the
 * body begins at a multiple of eight bytes.
 *
 * @example
 * const bytes = encodeSafetensors({ metadata: {}, tensors: stateDict(network) });
 * console.log(bytes instanceof Uint8Array); // true
 */
export function encodeSafetensors({ metadata, tensors }: Safetensors): Uint8Array {
  let end = 0;
  const entries = Array.from(tensors, ([name, { shape, dtype, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: dtype === 'float64' ? 'F64' : 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  // Not by assignment: a tensor may be called __proto__.
  const header = Object.fromEntries<unknown>([['__metadata__', metadata], ...entries]);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let at = start;
  for (const { dtype, data } of tensors.values()) {
    for (const value of data) {
      if (dtype === 'float64') view.setFloat64(at, value, true);
      else view.setFloat32(at, value, true);
      at += dtype === 'float64' ? 8 : 4;
    }
  }
  return bytes;
}

function parseHeader(bytes: Uint8Array, notOne: (why: string) => InputError): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw notOne('expected a header of JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw notOne('expected the header to be a JSON object');
  }
  return header as Record<string, unknown>;
}

function checkMetadata(value: unknown, source: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${source}: __metadata__: expected an object of strings`);
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new InputError(`${source}: __metadata__: ${key}: expected a string, got ${JSON.stringify(text)}`);
    }
  }
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown, bodyBytes: number, source: string): Entry {
  const bad = (what: string, expected: string, got: unknown) =>
    new InputError(`${source}: tensor ${name}: ${what}: expected ${expected}, got ${JSON.stringify(got) ?? 'nothing'}`);
  if (typeof value !== 'object' || value === null) throw bad('entry', 'an object', value);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string') throw bad('dtype', 'the name of an element type', dtype);
  if (!isNaturals(shape)) throw bad('shape', 'integers ≥ 0', shape);
  if (!isNaturals(offsets) || offsets.length !== 2 || offsets[0] > offsets[1] || offsets[1] > bodyBytes) {
    throw bad('data_offsets', `begin ≤ end ≤ ${bodyBytes}, the bytes after the header`, offsets);
  }
  const [begin, end] = offsets;
  // The length of a type that is not known, such as one of four bits, is not checked: its values are not read.
  const expected = sizeOf(shape) * (encodingOf(dtype)?.bytes ?? NaN);
  if (end - begin !== expected && !Number.isNaN(expected)) {
    throw bad('data_offsets', `${expected} bytes for ${dtype} ${formatShape(shape)}`, end - begin);
  }
  return { name, type: dtype, shape, begin, end };
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}

function checkCoverage(entries: readonly Entry[], bodyBytes: number, source: string): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      throw new InputError(`${source}: tensor ${name}: expected data to begin at byte ${covered}, got ${begin}`);
    }
    covered = end;
  }
  if (covered !== bodyBytes) {
    throw new InputError(`${source}: expected ${covered} bytes after the header, got ${bodyBytes}`);
  }
}

function encodingOf(type: string): Encoding | undefined {
  return Object.hasOwn(encodings, type) ? encodings[type] : undefined;
}

/** An array whose values are decoded on first use. */
function lazyArray(entry: Entry, view: DataView, start: number, source: string): NDArray {
  const { shape, type } = entry;
  let decoded: FloatArray | undefined;
  return {
    shape,
    dtype: encodingOf(type)?.dtype ?? 'float32',
    get data() {
      return (decoded ??= decode(entry, view, start, source));
    },
  };
}

function decode({ name, type, shape, begin }: Entry, view: DataView, start: number, source: string): FloatArray {
  const { bytes, dtype, read } = encodingOf(type) ?? { bytes: 0, dtype: 'float32' };
  if (read === undefined) {
    throw new InputError(`${source}: tensor ${name}: dtype: expected one of ${readable.join(', ')}, got ${type}`);
  }
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = read(view, start + begin + i * bytes);
  if (type === 'I64' || type === 'U64') {
    const large = data.find((value) => !Number.isSafeInteger(value));
    if (large !== undefined) {
      throw new InputError(`${source}: tensor ${name}: expected integers below 2^53, got ${large}`);
    }
  }
  return data;
}
