import { InputError } from '../errors.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';
import { ArrayDataset, type ImageShape } from './dataset.ts';
import type { NamedBytes } from './namedBytes.ts';
import { MNIST_NORMALIZATION, type Normalization } from './normalization.ts';

/** An array of bytes, as an IDX file holds it. */
export interface IdxArray {
  readonly shape: Shape;
  /** A view of the file, not a copy. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTES = 0x08;

/**
 * Reads images in the IDX format (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"), with their
 * labels if there are any.
 *
 * @param images unsigned bytes of shape [n, h, w] or [n, c, h, w].
 * @param labels unsigned bytes of shape [n].
 * @param normalization how batches are normalised: MNIST's constants for one channel by default; `null` for not at
 *   all.
 * @throws InputError when a file is not IDX, has another element type, rank or length than it should, or the two
 *   files do not belong together.
 */
export function parseIdx(images: NamedBytes, labels?: NamedBytes, normalization?: Normalization | null): ArrayDataset {
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
 * big-endian 32-bit integer, the elements.
 *
 * @throws InputError when the file is none, has another element type, or is shorter or longer than its header says.
 */
export function decodeIdx({ name, bytes }: NamedBytes): IdxArray {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new InputError(`idx ${name}: the file is compressed, expected plain IDX, got gzip; unpack it with gunzip`);
  }
  if (bytes.length < 4) throw new InputError(`idx ${name}: no header, expected at least 4 bytes, got ${bytes.length}`);
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || type !== UNSIGNED_BYTES) {
    throw new InputError(
      `idx ${name}: not IDX of unsigned bytes, expected it to begin 00 00 08, got ${hex([zero0, zero1, type])}`,
    );
  }
  const dataStart = 4 + 4 * rank;
  if (bytes.length < dataStart) {
    throw new InputError(`idx ${name}: header cut off, expected ${dataStart} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (bytes.length - dataStart !== sizeOf(shape)) {
    throw new InputError(
      `idx ${name}: length does not fit shape [${shape.join(', ')}], ` +
        `expected ${sizeOf(shape)} bytes after the header, got ${bytes.length - dataStart}`,
    );
  }
  return { shape, data: bytes.subarray(dataStart) };
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
