import { InputError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/index.ts';
import type { NamedBytes } from './namedBytes.ts';

/** Element types that are read and written: unsigned bytes, single and double precision. */
export type NpyData = Uint8Array | Float32Array | Float64Array;

/** An array as an NPY file holds it, row-major. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: NpyData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** NumPy reads no longer header either: real ones have about a hundred bytes. */
const LONGEST_HEADER = 10_000;
/** NumPy aligns the data to this many bytes, so that they can be mapped into memory. */
const ALIGNMENT = 64;

const ELEMENT_BYTES: Readonly<Record<string, number>> = { '|u1': 1, '<f4': 4, '<f8': 8 };

/**
 * Reads an NPY file of version 1, 2 or 3 (NumPy Enhancement Proposal 1; `numpy.lib.format`).
 *
 * @returns the array; bytes are a view of the file, numbers a copy.
 * @throws InputError when the file is none, has an element type other than `|u1`, `<f4` or `<f8`, is in Fortran order,
 *   or is shorter or longer than its header says.
 */
export function decodeNpy({ name, bytes }: NamedBytes): NpyArray {
  const fail = (problem: string): never => {
    throw new InputError(`npy ${name}: ${problem}`);
  };
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    fail(`not an NPY file, expected it to begin with \\x93NUMPY and a version, got ${bytes.length} bytes that do not`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3) fail(`unknown version, expected 1, 2 or 3, got ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  if (bytes.length < headerStart) fail(`header cut off, expected ${headerStart} bytes, got ${bytes.length}`);
  const dataStart = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < dataStart) fail(`header cut off, expected ${dataStart} bytes, got ${bytes.length}`);

  const headerLength = dataStart - headerStart;
  if (headerLength > LONGEST_HEADER)
    fail(`header too long, expected at most ${LONGEST_HEADER} bytes, got ${headerLength}`);
  const header = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(headerStart, dataStart));
  const { descr, fortranOrder, shape } =
    parseHeader(header) ?? fail('header is not a dictionary of descr, fortran_order and shape');
  if (!Object.hasOwn(ELEMENT_BYTES, descr)) {
    fail(`element type that is not read, expected '<f4', '<f8' or '|u1', got ${descr}`);
  }
  if (fortranOrder) fail('columns come first, expected fortran_order False, got True; save numpy.ascontiguousarray(x)');
  const size = sizeOf(shape);
  const bytesExpected = size * ELEMENT_BYTES[descr];
  const bytesGiven = bytes.length - dataStart;
  if (bytesGiven !== bytesExpected) {
    fail(
      `length does not fit shape ${formatShape(shape)} of ${descr}, ` +
        `expected ${bytesExpected} bytes after the header, got ${bytesGiven}`,
    );
  }
  if (descr === '|u1') return { shape, data: bytes.subarray(dataStart) };
  // Element by element: the format is little-endian and need not be aligned, typed arrays are neither for certain.
  const data = descr === '<f4' ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i++) {
    data[i] = descr === '<f4' ? view.getFloat32(dataStart + 4 * i, true) : view.getFloat64(dataStart + 8 * i, true);
  }
  return { shape, data };
}

/** Writes an NPY file of version 1: the inverse of {@link decodeNpy}, readable by `numpy.load`. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const descr = data instanceof Uint8Array ? '|u1' : data instanceof Float32Array ? '<f4' : '<f8';
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padding = (ALIGNMENT - ((10 + fields.length + 1) % ALIGNMENT)) % ALIGNMENT;
  const header = new TextEncoder().encode(`${fields}${' '.repeat(padding)}\n`);
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set([...MAGIC, 1, 0]);
  view.setUint16(8, header.length, true);
  bytes.set(header, 10);
  const start = 10 + header.length;
  if (data instanceof Uint8Array) bytes.set(data, start);
  else if (data instanceof Float32Array) data.forEach((x, i) => view.setFloat32(start + 4 * i, x, true));
  else data.forEach((x, i) => view.setFloat64(start + 8 * i, x, true));
  return bytes;
}

/** The header is a Python dictionary; only the literals that NumPy writes are understood. */
function parseHeader(text: string): { descr: string; fortranOrder: boolean; shape: Shape } | undefined {
  // A record type is a list where a plain type is a string: it is taken whole, for the message that refuses it.
  const descr = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[.*?\]))\s*,/s.exec(text);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const tuple = /['"]shape['"]\s*:\s*\(([\d\s,]*)\)/.exec(text);
  if (!descr || !order || !tuple) return undefined;
  const shape = tuple[1].split(',').filter((extent) => extent.trim() !== '');
  return {
    descr: descr[1] ?? descr[2] ?? descr[3],
    fortranOrder: order[1] === 'True',
    shape: shape.map(Number),
  };
}
