import { ArrayDataset, CIFAR10_CLASSES, CIFAR10_NORMALIZATION, collate, DataLoader, type Dataset } from 'ntkit/data';
import type { NDArray } from 'ntkit/tensor';
import type { BatchView } from './request.ts';

const SIDE = 32;

/** A data set of pictures of any size: the middle square of each, at 32×32. @throws an Error when one cannot be read */
export async function datasetOf(pictures: readonly File[]): Promise<Dataset> {
  const plane = SIDE * SIDE;
  const images = new Uint8Array(pictures.length * 3 * plane);
  const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true })!;
  for (const [i, file] of pictures.entries()) {
    const bitmap = await bitmapOf(file);
    const size = Math.min(bitmap.width, bitmap.height);
    const [left, top] = [(bitmap.width - size) / 2, (bitmap.height - size) / 2];
    context.fillStyle = '#fff'; // behind transparent pixels
    context.fillRect(0, 0, SIDE, SIDE);
    context.drawImage(bitmap, left, top, size, size, 0, 0, SIDE, SIDE);
    bitmap.close();
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    for (let channel = 0; channel < 3; channel++) {
      for (let k = 0; k < plane; k++) images[(3 * i + channel) * plane + k] = data[4 * k + channel];
    }
  }
  return new ArrayDataset({
    ...{ name: 'pictures', images, shape: [3, SIDE, SIDE], normalization: CIFAR10_NORMALIZATION },
  });
}

async function bitmapOf(file: File): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name}: expected an image that this browser can read, got ${file.type || 'another file'}`);
  }
}

/**
 * The batch of a random seed, as the command draws it, and its images for display.
 *
 * @param own pictures that replace the first images
 */
export function batchOf(
  dataset: Dataset,
  own: Dataset | undefined,
  size: number,
  seed: number,
): { images: NDArray; view: BatchView } {
  const [{ images, labels }] = new DataLoader(dataset, { batchSize: size, shuffle: true, seed, dropLast: true });
  const taken = Math.min(size, own?.length ?? 0);
  if (own && taken > 0) {
    const samples = Array.from({ length: taken }, (_, i) => own.get(i));
    images.data.set(collate(samples, own.normalization).images.data);
  }
  const { mean, std } = dataset.normalization ?? { mean: [0, 0, 0], std: [1, 1, 1] };
  const plane = SIDE * SIDE;
  const pictures = Array.from({ length: size }, (_, i) => {
    const picture = new ImageData(SIDE, SIDE);
    for (let k = 0; k < plane; k++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = images.data[(3 * i + channel) * plane + k];
        picture.data[4 * k + channel] = Math.round(255 * (value * std[channel] + mean[channel]));
      }
      picture.data[4 * k + 3] = 255;
    }
    return picture;
  });
  const names = Array.from(labels, (label, i) =>
    i < taken ? `image ${i + 1} (yours)` : `image ${i + 1} (${CIFAR10_CLASSES[label]})`,
  );
  return { images, view: { pictures, names } };
}
