import { type DType, formatShape, InputError, type NDArray, sizeOf } from '../tensor/index.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, NDArray>;
}

/** The format's own limit on its header. */
const MAX_HEADER_BYTES = 100_000_000;

interface Encoding {
  readonly bytes: number;
  readonly dtype: DType;
  readonly read: (view: DataView, offset: number) => number;
}

const float64 = (bytes: number, read: Encoding['read']): Encoding => ({ bytes, dtype: 'float64', read });
const float32 = (bytes: number, read: Encoding['read']): Encoding => ({ bytes, dtype: 'float32', read });

/** Every element type that is understood, and the precision that holds all its values. */
const encodings: Readonly<Record<string, Encoding>> = {
  F64: float64(8, (view, at) => view.getFloat64(at, true)),
  F32: float32(4, (view, at) => view.getFloat32(at, true)),
  F16: float32(2, (view, at) => halfToNumber(view.getUint16(at, true))),
  BF16: float32(2, (view, at) => bfloatToNumber(view.getUint16(at, true))),
  I64: float64(8, (view, at) => Number(view.getBigInt64(at, true))),
  I32: float64(4, (view, at) => view.getInt32(at, true)),
  I16: float64(2, (view, at) => view.getInt16(at, true)),
  I8: float64(1, (view, at) => view.getInt8(at)),
  U8: float64(1, (view, at) => view.getUint8(at)),
  BOOL: float64(1, (view, at) => view.getUint8(at)),
};

/** One entry of the header, checked. */
interface Entry {
  readonly name: string;
  readonly encoding: Encoding;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file: eight bytes that give the header's length, a JSON header, and the tensors' bytes, which the
 * header must cover without gap or overlap. Half precisions become float32, integers float64.
 *
 * @param source names the file in messages.
 * @throws InputError when any of it is not as the format demands.
 */
export function parseSafetensors(bytes: Uint8Array, source = 'safetensors'): Safetensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new InputError(`${source}: expected at least 8 bytes, got ${bytes.length}`);
  const headerBytes = view.getBigUint64(0, true);
  if (headerBytes > BigInt(Math.min(bytes.length - 8, MAX_HEADER_BYTES))) {
    throw new InputError(
      `${source}: the header claims ${headerBytes} bytes, expected at most ${Math.min(bytes.length - 8, MAX_HEADER_BYTES)}`,
    );
  }
  const start = 8 + Number(headerBytes);
  const header = parseHeader(bytes.subarray(8, start), source);
  const bodyBytes = bytes.length - start;
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => checkEntry(name, value, bodyBytes, source));
  checkCoverage(entries, bodyBytes, source);
  return {
    metadata: checkMetadata(header['__metadata__'], source),
    tensors: new Map(entries.map((entry) => [entry.name, read(entry, view, start, source)])),
  };
}

/**
 * Writes a safetensors file; the inverse of {@link parseSafetensors}. Tensors are written in their own precision, the
 * body begins at a multiple of eight bytes.
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

function parseHeader(bytes: Uint8Array, source: string): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new InputError(`${source}: the header is not JSON`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new InputError(`${source}: expected the header to be a JSON object`);
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
  if (typeof dtype !== 'string' || !Object.hasOwn(encodings, dtype)) {
    throw bad('dtype', `one of ${Object.keys(encodings).join(', ')}`, dtype);
  }
  if (!isNaturals(shape)) throw bad('shape', 'integers ≥ 0', shape);
  if (!isNaturals(offsets) || offsets.length !== 2 || offsets[0] > offsets[1] || offsets[1] > bodyBytes) {
    throw bad('data_offsets', `begin ≤ end ≤ ${bodyBytes}, the bytes behind the header`, offsets);
  }
  const [begin, end] = offsets;
  const encoding = encodings[dtype];
  const expected = sizeOf(shape) * encoding.bytes;
  if (end - begin !== expected) {
    throw bad('data_offsets', `${expected} bytes for ${dtype} ${formatShape(shape)}`, end - begin);
  }
  return { name, encoding, shape, begin, end };
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
    throw new InputError(`${source}: expected ${covered} bytes behind the header, got ${bodyBytes}`);
  }
}

function read({ name, encoding, shape, begin }: Entry, view: DataView, start: number, source: string): NDArray {
  const { bytes, dtype } = encoding;
  const size = sizeOf(shape);
  const data = dtype === 'float32' ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i++) data[i] = encoding.read(view, start + begin + i * bytes);
  if (encoding === encodings['I64']) {
    const large = data.find((value) => !Number.isSafeInteger(value));
    if (large !== undefined) {
      throw new InputError(`${source}: tensor ${name}: expected integers below 2^53, got ${large}`);
    }
  }
  return { shape, dtype, data };
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of a binary32. */
function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
