import { InputError } from '../errors.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const CHANNELS = 3;
const RECORD = 1 + CHANNELS * PLANE;

/**
 * The value that three neighbours foretell: the median of the left one, the upper one, and the plane through all three
 * (the edge detector of LOCO-I, Weinberger, Seroussi & Sapiro 2000, which JPEG-LS took over). 0 stands for what is outside.
 */
function predicted(left: number, up: number, corner: number): number {
  const [low, high] = left < up ? [left, up] : [up, left];
  if (corner >= high) return low;
  if (corner <= low) return high;
  return left + up - corner;
}

/** Adds to every value of a plane what its neighbours foretell; `at` gives a neighbour's value. */
function predict(plane: Int16Array, step: (index: number, prediction: number) => void): void {
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const i = row * SIDE + column;
      const left = column > 0 ? plane[i - 1] : 0;
      const up = row > 0 ? plane[i - SIDE] : 0;
      const corner = row > 0 && column > 0 ? plane[i - SIDE - 1] : 0;
      step(i, predicted(left, up, corner));
    }
  }
}

/** A byte as the number from −128 to 127 that it is modulo 256. */
const wrapped = (value: number): number => (value << 24) >> 24;

/**
 * Images of CIFAR-10 as what is left of them when the neighbours of every pixel have foretold it: labels, then all red
 * planes less green, all green, and all blue less green, each as prediction errors modulo 256. Packed by gzip they take
 * two thirds of the room of the images.
 *
 * @param records in CIFAR-10's binary format, 3,073 bytes an image
 */
export function encodeResiduals(records: Uint8Array): Uint8Array {
  const count = countOf(records);
  const out = new Uint8Array(records.length);
  const plane = new Int16Array(PLANE);
  for (let image = 0; image < count; image++) {
    const record = records.subarray(image * RECORD, (image + 1) * RECORD);
    out[image] = record[0];
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let i = 0; i < PLANE; i++) {
        const green = channel === 1 ? 0 : record[1 + PLANE + i];
        plane[i] = wrapped(record[1 + channel * PLANE + i] - green);
      }
      const place = count + (channel * count + image) * PLANE;
      predict(plane, (i, prediction) => (out[place + i] = plane[i] - prediction));
    }
  }
  return out;
}

/**
 * The inverse of {@link encodeResiduals}.
 *
 * @param take how many images; all by default
 * @throws InputError when the bytes are no whole number of images.
 */
export function decodeResiduals(bytes: Uint8Array, take?: number, name?: string): Uint8Array {
  const count = countOf(bytes, name);
  const wanted = Math.min(take ?? count, count);
  const records = new Uint8Array(wanted * RECORD);
  const plane = new Int16Array(PLANE);
  for (let image = 0; image < wanted; image++) {
    const record = records.subarray(image * RECORD, (image + 1) * RECORD);
    record[0] = bytes[image];
    // Green first: the others are predicted from it.
    for (const channel of [1, 0, 2]) {
      const place = count + (channel * count + image) * PLANE;
      predict(plane, (i, prediction) => {
        plane[i] = wrapped(bytes[place + i] + prediction);
        record[1 + channel * PLANE + i] = plane[i] + (channel === 1 ? 0 : record[1 + PLANE + i]);
      });
    }
  }
  return records;
}

function countOf({ length }: Uint8Array, name = 'images'): number {
  if (length % RECORD !== 0) {
    throw new InputError(`${name}: expected a multiple of ${RECORD} bytes, got ${length}`);
  }
  return length / RECORD;
}
