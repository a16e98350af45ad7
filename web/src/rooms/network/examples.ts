/** A network that comes with the page. */
export interface Example {
  /** Its name in the link and of its file. */
  readonly name: string;
  readonly file: string;
  readonly title: string;
  /** What it is and where it comes from. */
  readonly about: string;
}

const EXPORTED = 'random weights, exported by PyTorch 1.13';

/** The networks to begin with, from files whose kernels the tests compare with PyTorch's. */
export const EXAMPLES: readonly Example[] = [
  {
    ...{ name: 'resnet-bn', file: 'resnet-bn.onnx', title: 'Residual network' },
    about: `convolutions, batch norm, ReLU; ${EXPORTED}`,
  },
  {
    ...{ name: 'vit', file: 'vit.onnx', title: 'Vision transformer' },
    about: `patches, attention, layer norm, GELU; ${EXPORTED}`,
  },
  {
    ...{ name: 'mobilenet-v2', file: 'mobilenet-v2.onnx', title: 'MobileNetV2 blocks' },
    about: `depthwise convolutions, batch norm, ReLU6; ${EXPORTED}`,
  },
  {
    ...{ name: 'upsample', file: 'upsample.onnx', title: 'Up and down' },
    about: `strided and upsampling convolutions; ${EXPORTED}`,
  },
  {
    ...{ name: 'cell', file: 'nb201-arch-00-train.safetensors', title: 'NAS-Bench-201 cell' },
    about: 'a case with its own batch, written by PyTorch from the code of TE-NAS',
  },
];
