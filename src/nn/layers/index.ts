export * from './activation.ts';
export { BatchNorm1d, BatchNorm2d, ChannelNorm, type ChannelNormOptions } from './batchNorm.ts';
export { Conv2d, type Conv2dOptions } from './convolution.ts';
export { Identity, Linear } from './linear.ts';
export { GroupNorm, InstanceNorm2d, LayerNorm, type LayerNormOptions } from './norm.ts';
export * from './pooling.ts';
export { Dropout, Flatten, type FourSides, Unflatten, ZeroPad2d } from './shape.ts';
