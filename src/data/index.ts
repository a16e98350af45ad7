/**
 * Images for the networks: data sets, augmentation, batches. All of it takes bytes and runs in a browser; `ntkit/node`
 * reads files.
 *
 * @module
 */
export {
  type Augmentation,
  cifarAugmentation,
  compose,
  crop,
  flipHorizontal,
  pickChannels,
  randomCrop,
  randomHorizontalFlip,
  type Window,
} from './augment.ts';
export { type Batch, collate } from './batch.ts';
export { CIFAR10_CLASSES, CIFAR10_SHAPE, parseCifar10 } from './cifar10.ts';
export {
  ArrayDataset,
  type ArrayDatasetFields,
  type Dataset,
  type Image,
  type ImageShape,
  NO_LABEL,
  type Pixels,
  type Sample,
} from './dataset.ts';
export { decodeIdx, type IdxArray, parseIdx } from './idx.ts';
export { DataLoader, type LoaderOptions } from './loader.ts';
export { type NamedBytes } from './namedBytes.ts';
export {
  CIFAR100_NORMALIZATION,
  CIFAR10_NORMALIZATION,
  IMAGENET16_NORMALIZATION,
  MNIST_NORMALIZATION,
  type Normalization,
  normalize,
} from './normalization.ts';
export { parseNpy } from './npy.ts';
export { decodeNpy, encodeNpy, type NpyArray, type NpyData } from './npyFormat.ts';
export { SyntheticDataset, type SyntheticOptions } from './synthetic.ts';
