import { type Mutant, mutantsOf } from './mutant.ts';

const LAYERS = [
  'test/nn/layers.test.ts',
  'test/nn/torchLayers.test.ts',
  'test/nn/modules.test.ts',
  'test/nn/layerErrors.test.ts',
];
const NETWORKS = ['test/nn/networks.test.ts', 'test/ntk/golden.test.ts'];

/** Layers, initialisation, running statistics, networks. */
export const nnMutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'src/nn/initialize.ts', tests: LAYERS }, [
    {
      name: 'nn/all parameters draw from one stream',
      text: 'generator.fork(`${path}.${name}`)',
      becomes: 'generator.fork(name)',
    },
    {
      name: 'nn/buffers stay as they are',
      text: 'for (const buffer of network.namedBuffers().values()) buffer.reset();',
      becomes: '',
    },
    {
      name: 'nn/a shared parameter is drawn under its last name',
      text: 'if (values.has(parameter)) continue;',
      becomes: '',
    },
    {
      name: "nn/PyTorch's biases have the range of ones",
      text: 'bias: (weight) => uniformWithin(bound(weight))',
      becomes: 'bias: () => uniformWithin(1)',
    },
    {
      name: "nn/TE-NAS's paper keeps the variance forwards",
      text: "paper: withZeroBias(kaimingNormal('fan-out'))",
      becomes: "paper: withZeroBias(kaimingNormal('fan-in'))",
    },
    {
      name: 'nn/what is fixed is drawn anew',
      text: "return 'biasOf' in start ? scheme.bias(start.biasOf.shape) : undefined;",
      becomes: "return 'biasOf' in start ? scheme.bias(start.biasOf.shape) : constantly(start.fixed);",
    },
  ]),
  ...mutantsOf({ file: 'src/nn/initializers.ts', tests: LAYERS }, [
    {
      name: "nn/Xavier's bound is Kaiming's",
      text: "Math.sqrt(6 / (fan(shape, 'fan-in') + fan(shape, 'fan-out')))",
      becomes: "Math.sqrt(6 / (2 * fan(shape, 'fan-in')))",
    },
    {
      name: 'nn/a fan without the taps',
      text: "(mode === 'fan-in' ? into : out) * sizeOf(kernel)",
      becomes: "(mode === 'fan-in' ? into * sizeOf(kernel) : out)",
    },
    {
      name: 'nn/Kaiming without the factor of ReLU',
      text: 'std: Math.sqrt(2 / fan(shape, mode))',
      becomes: 'std: Math.sqrt(1 / fan(shape, mode))',
    },
  ]),
  ...mutantsOf({ file: 'src/nn/layers/batchNorm.ts', tests: LAYERS }, [
    {
      name: 'nn/batch norm in eval mode forgets its epsilon',
      text: 'batchNormWith(statistics, x, this.gamma(trace), this.beta(trace), this.eps)',
      becomes: 'batchNormWith(statistics, x, this.gamma(trace), this.beta(trace))',
    },
    {
      name: 'nn/batch norm in train mode forgets its epsilon',
      text: 'return batchNorm(x, this.gamma(trace), this.beta(trace), this.eps);',
      becomes: 'return batchNorm(x, this.gamma(trace), this.beta(trace));',
    },
    {
      name: 'nn/running variances are biased',
      text: 'const unbiased = count / (count - 1);',
      becomes: 'const unbiased = count / count;',
    },
    {
      name: 'nn/running means forget their momentum',
      text: 'reduce(channelStatistics(x).mean), this.momentum)',
      becomes: 'reduce(channelStatistics(x).mean), BATCH_NORM_MOMENTUM)',
    },
    {
      name: 'nn/running variances forget their momentum',
      text: 'reduce(scale(channelStatistics(x).variance, unbiased)), this.momentum)',
      becomes: 'reduce(scale(channelStatistics(x).variance, unbiased)), BATCH_NORM_MOMENTUM)',
    },
    {
      name: 'nn/running variances start at 0',
      text: 'new Buffer([numFeatures], 1)',
      becomes: 'new Buffer([numFeatures], 0)',
    },
    {
      name: 'nn/running means start at 1',
      text: 'new Buffer([numFeatures], 0)',
      becomes: 'new Buffer([numFeatures], 1)',
    },
    {
      name: 'nn/β of batch norm starts at 1',
      text: 'new Parameter([numFeatures], 0)',
      becomes: 'new Parameter([numFeatures], 1)',
    },
    {
      name: 'nn/statistics that are not tracked are read',
      text: "if (trace.mode === 'train' || !runningMean || !runningVar) return undefined;",
      becomes: 'if (!runningMean || !runningVar) return undefined;',
    },
  ]),
  ...mutantsOf({ file: 'src/nn/layers/norm.ts', tests: LAYERS }, [
    {
      name: 'nn/group norm forgets its epsilon',
      text: 'standardizeRows(x, n * this.#groups, this.#eps)',
      becomes: 'standardizeRows(x, n * this.#groups, 1e-5)',
    },
    {
      name: 'nn/layer norm forgets its epsilon',
      text: 'standardizeRows(x, sizeOf(x.shape) / sizeOf(this.#shape), this.#eps)',
      becomes: 'standardizeRows(x, sizeOf(x.shape) / sizeOf(this.#shape), 1e-5)',
    },
    {
      name: 'nn/instance norm forgets its epsilon',
      text: 'standardizeRows(x, n * c, this.eps)',
      becomes: 'standardizeRows(x, n * c, 1e-5)',
    },
    {
      name: "nn/instance norm's variance is unbiased over the batch",
      text: 'this.observe(trace, instances, h * w,',
      becomes: 'this.observe(trace, instances, n * h * w,',
    },
    {
      name: 'nn/group norm has one group',
      text: 'n * this.#groups, this.#eps',
      becomes: 'n * (this.#groups > 0 ? 1 : 0), this.#eps',
    },
  ]),
  ...mutantsOf({ file: 'src/nn/layers/pooling.ts', tests: LAYERS }, [
    {
      name: 'nn/average pools never count padding',
      text: 'countIncludePad: options.countIncludePad ?? true',
      becomes: 'countIncludePad: false',
    },
    {
      name: 'nn/average pools of sequences never count padding',
      text: '{ ...options, countIncludePad: this.#countIncludePad }',
      becomes: '{ ...options, countIncludePad: false && this.#countIncludePad }',
    },
    {
      name: 'nn/pools of images forget to round up',
      text: '      padding: sides(`${layer}: padding`, padding),\n      ceilMode,',
      becomes: '      padding: sides(`${layer}: padding`, padding),\n      ceilMode: false && ceilMode,',
    },
    {
      name: 'nn/adaptive pools begin windows late',
      text: 'Math.floor((i * from) / to), Math.ceil(',
      becomes: 'Math.round((i * from) / to), Math.ceil(',
    },
  ]),
  ...mutantsOf({ file: 'src/nn/runningStatistics.ts', tests: LAYERS }, [
    {
      name: 'nn/the momentum of a call is that of the layer',
      text: 'blend(buffer.value, value, all ?? momentum)',
      becomes: 'blend(buffer.value, value, momentum ?? all)',
    },
    {
      name: 'nn/recalibrated statistics are those of the last batch',
      text: 'blend(before.value, value, 1 / count)',
      becomes: 'blend(before.value, value, 1 / Math.min(1, count))',
    },
    {
      name: 'nn/statistics are blended the wrong way round',
      text: '(1 - momentum) * old + momentum * batch.data[i]',
      becomes: 'momentum * old + (1 - momentum) * batch.data[i]',
    },
  ]),
  ...mutantsOf({ file: 'src/nn/operations.ts', tests: NETWORKS }, [
    {
      name: 'nn/average pools of a cell count padding',
      text: 'new AvgPool2d(3, { stride, padding: 1, countIncludePad: false })',
      becomes: 'new AvgPool2d(3, { stride, padding: 1, countIncludePad: true })',
    },
    {
      name: 'nn/a factorized reduction looks at the same pixels twice',
      text: '[{ start: 1 }, { start: 1 }]',
      becomes: '[{ start: 1 }, { start: 0, stop: -1 }]',
    },
    {
      name: 'nn/a dilated convolution is not',
      text: 'dil_conv_5x5: (cIn, cOut, stride) => separable(cIn, cOut, 5, stride, 4, 2)',
      becomes: 'dil_conv_5x5: (cIn, cOut, stride) => separable(cIn, cOut, 5, stride, 2, 1)',
    },
    {
      name: 'nn/the second half of a separable convolution has the stride, too',
      text: 'op_b: separable(cIn, cOut, kernel, 1, padding, 1)',
      becomes: 'op_b: separable(cIn, cOut, kernel, stride, padding, 1)',
    },
  ]),
  ...mutantsOf({ file: 'src/nn/mixture.ts', tests: NETWORKS }, [
    {
      name: 'nn/operations of weight 0.01 count',
      text: 'weight > LEAST_WEIGHT',
      becomes: 'weight >= LEAST_WEIGHT',
    },
    {
      name: 'nn/edges are numbered as they come',
      text: 'return [...edges].sort();',
      becomes: 'return [...edges];',
    },
  ]),
];
