import { InputError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/index.ts';
import { gunzipped } from './gzip.ts';
import type { NamedBytes } from './namedBytes.ts';
import { NPY_MAGIC, npyLength, parseNpyHeader } from './npyHeader.ts';
import type { NpyData, NpyType } from './npyTypes.ts';

/** An array as an NPY file holds it, row-major. */
export interface NpyArray {
  readonly shape: Shape;
  /** The file's element type by NumPy's name. */
  readonly dtype: NpyType;
  /** The elements: 64-bit integers as float64, float16 as float32, bool as bytes 0 and 1, all others as they are. */
  readonly data: NpyData;
}

/** NumPy aligns the data to this many bytes, so that they can be mapped into memory. */
const ALIGNMENT = 64;

/**
 * Reads an NPY file of version 1, 2 or 3 (NumPy Enhancement Proposal 1; `numpy.lib.format`): real numbers of every type,
 * in either byte order, in C or Fortran order; also one that gzip packed.
 *
 * @returns the array in C order; bytes in that order are a view of the file, everything else is a copy.
 * @throws InputError when the file is none, has elements of another type (complex, text, objects, records), is shorter or
 *   longer than its header says, or holds a 64-bit integer that no double holds exactly.
 *
 * @example
 * const bytes = encodeNpy({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }); // numpy.save writes such a file
 * const { shape, dtype, data } = decodeNpy({ name: 'x.npy', bytes });
 * console.log(shape, dtype, [...data]); // [ 2, 2 ] float32 [ 1, 2, 3, 4 ]
 */
export function decodeNpy(file: NamedBytes): NpyArray {
  const { name, bytes } = gunzipped('npy', file, (start) => npyLength({ name: file.name, bytes: start }));
  const { type, littleEndian, fortranOrder, shape, dataStart, fileLength, descr } = parseNpyHeader({ name, bytes });
  if (bytes.length !== fileLength) {
    throw new InputError(
      `npy ${name}: length does not fit shape ${formatShape(shape)} of ${descr}, ` +
        `expected ${fileLength - dataStart} bytes after the header, got ${bytes.length - dataStart}`,
    );
  }
  const dtype = type.name;
  const inOrder = !fortranOrder || shape.length < 2;
  if (dtype === 'uint8' && inOrder) return { shape, dtype, data: bytes.subarray(dataStart) };
  // Element by element: a file need not be aligned, nor in this machine's byte order.
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, bytes.byteLength - dataStart);
  const size = sizeOf(shape);
  const data = type.allocate(size);
  const place = inOrder ? (i: number) => i : columnMajor(shape);
  for (let i = 0; i < size; i++) {
    const at = place(i) * type.bytes;
    const value = type.read(view, at, littleEndian);
    if (value === undefined) {
      const exact = dtype === 'int64' ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian);
      throw new InputError(
        `npy ${name}: element ${i} of ${dtype} is beyond what is read exactly, expected an absolute value of at most 2^53, got ${exact}`,
      );
    }
    data[i] = value;
  }
  return { shape, dtype, data };
}

/** Where the elements of a row-major array lie in a column-major one; to be called once for each, in order. */
function columnMajor(shape: Shape): () => number {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let next = 0;
  return () => {
    const place = next;
    // The last index runs fastest; where it is at its end, it begins anew and the one before goes on.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      next += strides[axis];
      if (++index[axis] < shape[axis]) break;
      next -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
    return place;
  };
}

/** Element types by what holds them. */
const DESCR = [
  [Uint8Array, '|u1'],
  [Int8Array, '|i1'],
  [Uint16Array, '<u2'],
  [Int16Array, '<i2'],
  [Uint32Array, '<u4'],
  [Int32Array, '<i4'],
  [Float32Array, '<f4'],
  [Float64Array, '<f8'],
] as const;

/**
 * Writes an NPY file of version 1, readable by `numpy.load`: the inverse of {@link decodeNpy}, elements as they are held.
 *
 * @example
 * const bytes = encodeNpy({ shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
 * console.log(bytes.length, String.fromCharCode(...bytes.subarray(1, 6))); // 160 NUMPY
 */
export function encodeNpy({ shape, data }: Pick<NpyArray, 'shape' | 'data'>): Uint8Array {
  const [, descr] = DESCR.find(([kind]) => data instanceof kind)!;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padding = (ALIGNMENT - ((10 + fields.length + 1) % ALIGNMENT)) % ALIGNMENT;
  const header = new TextEncoder().encode(`${fields}${' '.repeat(padding)}\n`);
  const start = 10 + header.length;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([...NPY_MAGIC, 1, 0, header.length & 0xff, header.length >> 8]);
  bytes.set(header, 10);
  // The array's own bytes: all machines that run JavaScript today are little-endian, as the file is.
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
