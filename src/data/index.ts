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
export { batchWithChannels, repeatChannels } from './channels.ts';
export {
  CIFAR100_LABELS,
  type Cifar100Labels,
  type Cifar100Options,
  CIFAR10_CLASSES,
  CIFAR10_SHAPE,
  type CifarOptions,
  parseCifar10,
  parseCifar100,
} from './cifar.ts';
export {
  ArrayDataset,
  type ArrayDatasetFields,
  checkDataset,
  type Dataset,
  type Image,
  imageShape,
  type ImageShape,
  NO_LABEL,
  type Pixels,
  type Sample,
} from './dataset.ts';
export { decodeIdx, type IdxArray, parseIdx } from './idx.ts';
export { type ImageArrays, imageDataset, type ImageOptions, type Layout, LAYOUTS } from './images.ts';
export { DataLoader, type LoaderOptions } from './loader.ts';
export { type NamedBytes } from './namedBytes.ts';
export {
  CIFAR100_NORMALIZATION,
  CIFAR10_NORMALIZATION,
  IMAGENET16_NORMALIZATION,
  MNIST_NORMALIZATION,
  type Normalization,
  NORMALIZATIONS,
  normalize,
} from './normalization.ts';
export { parseNpy } from './npy.ts';
export { decodeNpy, encodeNpy, type NpyArray } from './npyFormat.ts';
export { type NpyData, type NpyType } from './npyTypes.ts';
export { decodeNpz, npzNames, type NpzOptions, parseNpz } from './npz.ts';
export { SyntheticDataset, type SyntheticOptions } from './synthetic.ts';
