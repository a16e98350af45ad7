/**
 * What each operator takes, by the version of the operator set from which on it does, after ONNX's own schemas:
 * `SINCE INPUTS>OUTPUTS ATTRIBUTES`, with the numbers of inputs, the most outputs, and attributes that must be there (`!`)
 * or that change nothing of what an inference gives (`?`). `n` is any number.
 */
const SIGNATURES: Readonly<Record<string, string>> = {
  'Abs Ceil Exp Floor Log Neg Reciprocal Relu Sigmoid Sqrt Tanh': '6 1>1',
  'Add Div Mul Sub And Equal Greater Less Or Pow Xor': '6 2>1 axis broadcast; 7 2>1',
  AveragePool:
    '1 1>1 auto_pad kernel_shape! pads strides; 7 1>1 auto_pad count_include_pad kernel_shape! pads strides; ' +
    '10 1>1 auto_pad ceil_mode count_include_pad kernel_shape! pads strides; ' +
    '19 1>1 auto_pad ceil_mode count_include_pad dilations kernel_shape! pads strides',
  BatchNormalization:
    '6 5>5 epsilon is_test? momentum spatial; 9 5>5 epsilon momentum; 14 5>3 epsilon momentum training_mode?',
  Cast: '6 1>1 to!; 19 1>1 saturate? to!',
  CastLike: '15 2>1; 19 2>1 saturate?',
  Celu: '12 1>1 alpha',
  Clip: '6 1>1 max min; 11 1-3>1',
  Concat: '4 1-n>1 axis!',
  Constant:
    '1 0>1 value!; 11 0>1 sparse_value value; ' +
    '12 0>1 sparse_value value value_float value_floats value_int value_ints value_string value_strings',
  ConstantOfShape: '9 1>1 value',
  Conv: '1 2-3>1 auto_pad dilations group kernel_shape pads strides',
  ConvTranspose: '1 2-3>1 auto_pad dilations group kernel_shape output_padding output_shape pads strides',
  DepthToSpace: '1 1>1 blocksize!; 11 1>1 blocksize! mode',
  Dropout: '6 1>2 is_test? ratio?; 12 1-3>2 seed?',
  Einsum: '12 1-n>1 equation!',
  'Elu LeakyRelu': '6 1>1 alpha',
  'Erf Sign': '9 1>1',
  Expand: '8 2>1',
  'Flatten LogSoftmax Softmax': '1 1>1 axis',
  Gather: '1 2>1 axis',
  Gelu: '20 1>1 approximate',
  Gemm: '6 3>1 alpha beta broadcast transA transB; 7 3>1 alpha beta transA transB; 11 2-3>1 alpha beta transA transB',
  'GlobalAveragePool GlobalMaxPool Identity Not Size Softplus Softsign': '1 1>1',
  GlobalLpPool: '2 1>1 p',
  'GreaterOrEqual LessOrEqual': '12 2>1',
  GroupNormalization: '18 3>1 epsilon num_groups! stash_type?',
  HardSigmoid: '6 1>1 alpha beta',
  HardSwish: '14 1>1',
  InstanceNormalization: '6 3>1 epsilon',
  LRN: '1 1>1 alpha beta bias size!',
  LayerNormalization: '17 2-3>3 axis epsilon stash_type?',
  LpPool:
    '2 1>1 auto_pad kernel_shape! p pads strides; 18 1>1 auto_pad ceil_mode dilations kernel_shape! p pads strides',
  MatMul: '1 2>1',
  'Max Mean Min Sum': '6 1-n>1',
  MaxPool:
    '1 1>1 auto_pad kernel_shape! pads strides; 8 1>2 auto_pad kernel_shape! pads storage_order? strides; ' +
    '10 1>2 auto_pad ceil_mode dilations kernel_shape! pads storage_order? strides',
  Mish: '18 1>1',
  Mod: '10 2>1 fmod',
  'PRelu Tile': '6 2>1',
  Pad: '2 1>1 mode pads! value; 11 2-3>1 mode; 18 2-4>1 mode',
  Range: '11 3>1',
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare':
    '1 1>1 axes keepdims; 18 1-2>1 keepdims noop_with_empty_axes',
  ReduceSum: '1 1>1 axes keepdims; 13 1-2>1 keepdims noop_with_empty_axes',
  Reshape: '5 2>1; 14 2>1 allowzero',
  Resize:
    '10 2>1 mode; 11 1-4>1 coordinate_transformation_mode cubic_coeff_a? exclude_outside? extrapolation_value? mode ' +
    'nearest_mode; 18 1-4>1 antialias axes coordinate_transformation_mode cubic_coeff_a? exclude_outside? ' +
    'extrapolation_value? keep_aspect_ratio_policy mode nearest_mode',
  Round: '11 1>1',
  Selu: '6 1>1 alpha gamma',
  Shape: '1 1>1; 15 1>1 end start',
  Slice: '1 1>1 axes ends! starts!; 10 3-5>1',
  SpaceToDepth: '1 1>1 blocksize!',
  Split: '2 1>n axis split; 13 1-2>n axis; 18 1-2>n axis num_outputs',
  Squeeze: '1 1>1 axes; 13 1-2>1',
  ThresholdedRelu: '10 1>1 alpha',
  Transpose: '1 1>1 perm',
  Unsqueeze: '1 1>1 axes!; 13 2>1',
  Upsample: '1 1>1 height_scale! mode width_scale!; 7 1>1 mode scales!; 9 2>1 mode',
  Where: '9 3>1',
};

/** What one version of an operator takes. */
export interface Signature {
  readonly since: number;
  readonly leastInputs: number;
  readonly mostInputs: number;
  readonly mostOutputs: number;
  /** Names of attributes; those that must be there, and those that change nothing. */
  readonly attributes: ReadonlySet<string>;
  readonly required: readonly string[];
  readonly idle: ReadonlySet<string>;
}

const numberOf = (text: string) => (text === 'n' ? Infinity : Number(text));

function parse(version: string): Signature {
  const [since, counts, ...marked] = version.split(' ');
  const [inputs, outputs] = counts.split('>');
  const [least, most = least] = inputs.split('-');
  const withMark = (mark: string) => marked.filter((name) => name.endsWith(mark)).map((name) => name.slice(0, -1));
  return {
    since: Number(since),
    leastInputs: Number(least),
    mostInputs: numberOf(most),
    mostOutputs: numberOf(outputs),
    attributes: new Set(marked.map((name) => name.replace(/[!?]$/, ''))),
    required: withMark('!'),
    idle: new Set(withMark('?')),
  };
}

/** The versions of every operator, the oldest first. */
export const signatures: ReadonlyMap<string, readonly Signature[]> = new Map(
  Object.entries(SIGNATURES).flatMap(([names, versions]) => {
    const parsed = versions.split('; ').map(parse);
    return names.split(' ').map((name) => [name, parsed] as const);
  }),
);

/** The version of an operator that an operator set has; the oldest where it came later. */
export function signatureOf(operator: string, opset: number): Signature {
  const versions = signatures.get(operator)!;
  return versions.findLast(({ since }) => since <= opset) ?? versions[0];
}
