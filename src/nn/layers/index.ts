export * from './activation.ts';
export {
  BatchNorm1d,
  BatchNorm2d,
  ChannelNorm,
  type ChannelNormDefaults,
  type ChannelNormOptions,
} from './batchNorm.ts';
export { MultiheadAttention, type MultiheadAttentionOptions } from './attention.ts';
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
} from './convolution.ts';
export { Embedding } from './embedding.ts';
export { Identity, Linear } from './linear.ts';
export { GroupNorm, InstanceNorm2d, LayerNorm, type LayerNormOptions } from './norm.ts';
export * from './pooling.ts';
export { Dropout, Flatten, type FourSides, Unflatten, Upsample, type UpsampleOptions, ZeroPad2d } from './shape.ts';
