import {
  add,
  convolution,
  convolutionTranspose,
  formatShape,
  pad,
  reshape,
  sameShape,
  type Tensor,
} from '../../tensor/index.ts';
import type { Call, Operator } from './operator.ts';
import { asImage, asInput, autoPad, dimensions, type Pair, two, windows } from './windows.ts';

function bias(y: Tensor, call: Call, input: number): Tensor {
  if (!call.has(input)) return y;
  const b = call.tensor(input);
  return add(y, reshape(b, [...b.shape, 1, 1]));
}

/** The extents of a kernel, which an attribute may repeat. */
function kernelOf(call: Call): readonly number[] {
  const kernel = call.shape(1).slice(2);
  const declared = call.attributes.ints('kernel_shape');
  if (declared && !sameShape(declared, kernel)) {
    call.fail(`kernel_shape: expected that of the weight, ${formatShape(kernel)}, got ${formatShape(declared)}`);
  }
  return kernel;
}

function conv(call: Call): Tensor {
  const pixels = dimensions(call);
  const weight = call.tensor(1);
  const { kernel: _, ...settings } = windows(call, kernelOf(call));
  const y = convolution(asImage(call.tensor(0)), asImage(weight), {
    ...settings,
    groups: call.attributes.int('group', 1),
  });
  return asInput(bias(y, call, 2), pixels);
}

function convTranspose(call: Call): Tensor {
  const { attributes } = call;
  const pixels = dimensions(call);
  const weight = call.tensor(1);
  const { kernel, stride, dilation, padding } = windows(call, kernelOf(call));
  const list = (name: string): readonly number[] | undefined => {
    const values = attributes.ints(name);
    if (values && values.length !== pixels) call.fail(`${name}: expected ${pixels} integers, got ${values.length}`);
    return values;
  };
  const more = two(list('output_padding') ?? new Array<number>(pixels).fill(0), 0);
  const given = list('output_shape');
  const wanted = given && two(given, 1);
  const auto = autoPad(call);
  const size = asImage(call.tensor(0)).shape.slice(2);
  // The requested size is cut out of the middle, or padded with zeros after the end.
  const ends = [0, 1].map((i): { sides: Pair; beyond: number } => {
    const reach = (size[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 + more[i];
    const asked = wanted?.[i] ?? (auto.startsWith('SAME') ? size[i] * stride[i] : undefined);
    if (asked === undefined) return { sides: padding[i], beyond: 0 };
    const total = Math.max(0, reach - asked);
    const half = Math.floor(total / 2);
    const sides: Pair = auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
    return { sides, beyond: Math.max(0, asked - reach) };
  });
  const y = convolutionTranspose(asImage(call.tensor(0)), asImage(weight), {
    ...{ stride, dilation, groups: attributes.int('group', 1), outputPadding: more },
    padding: [ends[0].sides, ends[1].sides],
  });
  const whole = ends.some(({ beyond }) => beyond > 0)
    ? pad(
        y,
        ends.map(({ beyond }) => ({ after: beyond })),
      )
    : y;
  return asInput(bias(whole, call, 2), pixels);
}

/** Convolutions. */
export const convolutionOperators: Readonly<Record<string, Operator>> = {
  Conv: { build: conv },
  ConvTranspose: { build: convTranspose },
};
