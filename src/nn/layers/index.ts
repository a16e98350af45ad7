export { ReLU } from './activation.ts';
export { BatchNorm2d, type BatchNormOptions } from './batchNorm.ts';
export { Conv2d, type Conv2dOptions } from './convolution.ts';
export { Identity, Linear } from './linear.ts';
export { AvgPool2d, GlobalAvgPool2d, MaxPool2d } from './pooling.ts';
