import { InputError } from '../errors.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';
import { ArrayDataset, type ImageShape } from './dataset.ts';
import type { ImageOptions } from './images.ts';
import { gunzipped } from './gzip.ts';
import { likeness } from './likeness.ts';
import type { NamedBytes } from './namedBytes.ts';
import { MNIST_NORMALIZATION } from './normalization.ts';

/** An array of bytes, as an IDX file holds it. */
export interface IdxArray {
  readonly shape: Shape;
  /** A view of the file, not a copy. */
  readonly data: Uint8Array;
}

/** Element types by the third byte of a file. */
const TYPES: Readonly<Record<number, string>> = {
  0x08: 'uint8',
  0x09: 'int8',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};
const UNSIGNED_BYTES = 0x08;

/**
 * Reads images in the IDX format (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"), with their
 * labels if there are any.
 *
 * @param images unsigned bytes of shape [n, h, w] or [n, c, h, w].
 * @param labels unsigned bytes of shape [n].
 * @param options how they are taken: by default normalised with MNIST's constants, where they have one channel.
 * @throws InputError when a file is not IDX, has another element type, rank or length than it should, or the two
 *   files do not belong together.
 *
 * @example
 * const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255); // one image of 1×2 pixels
 * const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7);
 * const digits = parseIdx({ name: 'images', bytes: images }, { name: 'labels', bytes: labels });
 * console.log(digits.shape, digits.get(0).label, digits.normalization?.mean); // [ 1, 1, 2 ] 7 [ 0.1307 ]
 */
export function parseIdx(
  images: NamedBytes,
  labels?: NamedBytes,
  { normalization }: Pick<ImageOptions, 'normalization'> = {},
): ArrayDataset {
  const { shape, data } = decodeIdx(images);
  if (shape.length !== 3 && shape.length !== 4) {
    throw new InputError(
      `idx ${images.name}: not images, expected 3 dimensions [n, h, w] or 4 [n, c, h, w], got ${shape.length}`,
    );
  }
  const imageShape: ImageShape = shape.length === 3 ? [1, shape[1], shape[2]] : [shape[1], shape[2], shape[3]];
  const classes = labels && decodeIdx(labels);
  if (labels && classes?.shape.length !== 1) {
    throw new InputError(`idx ${labels.name}: not labels, expected 1 dimension [n], got ${classes?.shape.length}`);
  }
  return new ArrayDataset({
    name: `idx ${images.name}`,
    images: data,
    shape: imageShape,
    labels: classes?.data,
    normalization:
      normalization ?? (normalization === undefined && imageShape[0] === 1 ? MNIST_NORMALIZATION : undefined),
  });
}

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the element type, the number of dimensions, each extent as a
 * big-endian 32-bit integer, the elements. Also one that gzip packed.
 *
 * @throws InputError when the file is none, has another element type, or is shorter or longer than its header says.
 *
 * @example
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1); // MNIST's first three test labels
 * const { shape, data } = decodeIdx({ name: 'labels', bytes });
 * console.log(shape, [...data]); // [ 3 ] [ 7, 2, 1 ]
 */
export function decodeIdx(file: NamedBytes): IdxArray {
  const { name, bytes } = gunzipped('idx', file, (start) => idxLength({ name: file.name, bytes: start }));
  const { shape, dataStart } = parseHeader({ name, bytes });
  if (bytes.length - dataStart !== sizeOf(shape)) {
    throw new InputError(
      `idx ${name}: length does not fit shape [${shape.join(', ')}], ` +
        `expected ${sizeOf(shape)} bytes after the header, got ${bytes.length - dataStart}`,
    );
  }
  return { shape, data: bytes.subarray(dataStart) };
}

/** How long an IDX file is, from how it begins; undefined when that is too little to tell. */
function idxLength(start: NamedBytes): number | undefined {
  if (start.bytes.length < 4 + 4 * 255) return undefined;
  const { shape, dataStart } = parseHeader(start);
  return dataStart + sizeOf(shape);
}

function parseHeader({ name, bytes }: NamedBytes): { readonly shape: Shape; readonly dataStart: number } {
  if (bytes.length < 4) throw new InputError(`idx ${name}: no header, expected at least 4 bytes, got ${bytes.length}`);
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || !Object.hasOwn(TYPES, type)) {
    const begins = hex([zero0, zero1, type]);
    throw new InputError(
      `idx ${name}: not an IDX file, expected it to begin 00 00 08, got ${begins}${likeness(bytes)}`,
    );
  }
  if (type !== UNSIGNED_BYTES) {
    throw new InputError(`idx ${name}: unsupported element type, expected uint8, got ${TYPES[type]}`);
  }
  const dataStart = 4 + 4 * rank;
  if (bytes.length < dataStart) {
    throw new InputError(`idx ${name}: header cut off, expected ${dataStart} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  return { shape, dataStart };
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
