import { ShapeError } from '../../errors.ts';
import { type Extents, named } from '../signature.ts';

/** Height and width. */
export type Pair = readonly [height: number, width: number];

/** Counts on the four sides of an image. */
export type Sides = readonly [
  vertical: readonly [top: number, bottom: number],
  horizontal: readonly [left: number, right: number],
];

/** The geometry of a convolution. */
export interface ConvolutionAttributes {
  /** Step between windows. */
  readonly stride: Pair;
  /** Zeros added on each side. */
  readonly padding: Sides;
  /** Distance between taps of the kernel. */
  readonly dilation: Pair;
  /** Channels are split into this many groups, each with kernels of its own. */
  readonly groups: number;
}

/** What the input gradient needs beyond the geometry: the size that several inputs share the output size with. */
export interface ConvolutionInputGradientAttributes extends ConvolutionAttributes {
  readonly inputSize: Pair;
}

/** What the weight gradient needs beyond the geometry. */
export interface ConvolutionWeightGradientAttributes extends ConvolutionAttributes {
  readonly kernelSize: Pair;
}

/** Attributes of the three convolution primitives. */
export interface ConvolutionPrimitives {
  convolution: ConvolutionAttributes;
  convolutionInputGradient: ConvolutionInputGradientAttributes;
  convolutionWeightGradient: ConvolutionWeightGradientAttributes;
}

const forward = '(n,c,h,w),(k,d,r,s)->(n,k,p,q)';
const inputGradient = '(n,k,p,q),(k,d,r,s)->(n,c,h,w)';
const weightGradient = '(n,c,h,w),(n,k,p,q)->(k,d,r,s)';

export const convolutionDefinitions = {
  convolution: {
    signature: named<ConvolutionAttributes>('convolution', forward, (extents, attributes) => {
      const { c, h, w, k, d, r, s } = extents;
      checkGroups('convolution', attributes, c, k);
      if (c !== d * attributes.groups) {
        throw new ShapeError(
          `convolution: weight has ${d} input channels a group, ` +
            `expected ${c / attributes.groups} (${c} channels in ${attributes.groups} groups)`,
        );
      }
      return outputSize('convolution', attributes, [h, w], [r, s]);
    }),
  },
  convolutionInputGradient: {
    signature: named<ConvolutionInputGradientAttributes>(
      'convolutionInputGradient',
      inputGradient,
      (extents, attributes) => {
        const { d, k, r, s } = extents;
        const [h, w] = attributes.inputSize;
        checkGroups('convolutionInputGradient', attributes, d * attributes.groups, k);
        checkOutput('convolutionInputGradient', attributes, [h, w], [r, s], extents);
        return { c: d * attributes.groups, h, w };
      },
    ),
  },
  convolutionWeightGradient: {
    signature: named<ConvolutionWeightGradientAttributes>(
      'convolutionWeightGradient',
      weightGradient,
      (extents, attributes) => {
        const { c, h, w, k } = extents;
        const [r, s] = attributes.kernelSize;
        checkGroups('convolutionWeightGradient', attributes, c, k);
        checkOutput('convolutionWeightGradient', attributes, [h, w], [r, s], extents);
        return { d: c / attributes.groups, r, s };
      },
    ),
  },
};

/** The counts above and left of an image. */
export function before([vertical, horizontal]: Sides): Pair {
  return [vertical[0], horizontal[0]];
}

/** The number of windows along one dimension that is `padded` long, padding included. */
export function windowCount(padded: number, kernel: number, stride: number, dilation = 1): number {
  return Math.floor((padded - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** @throws ShapeError when a count is negative or not whole. */
export function checkSides(name: string, what: string, sides: Sides): void {
  if (!sides.flat().every((count) => Number.isInteger(count) && count >= 0)) {
    throw new ShapeError(`${name}: expected a ${what} of integers ≥ 0, got ${JSON.stringify(sides)}`);
  }
}

function outputSize(name: string, { stride, padding, dilation }: ConvolutionAttributes, size: Pair, kernel: Pair) {
  checkSides(name, 'padding', padding);
  const [p, q] = ([0, 1] as const).map((i) => {
    const padded = size[i] + padding[i][0] + padding[i][1];
    const count = windowCount(padded, kernel[i], stride[i], dilation[i]);
    if (count < 1) {
      throw new ShapeError(
        `${name}: kernel of ${dilation[i] * (kernel[i] - 1) + 1} taps (dilation included) does not fit ` +
          `the padded input of ${padded} in dimension ${i - 2}`,
      );
    }
    return count;
  });
  return { p, q };
}

function checkGroups(name: string, { groups }: ConvolutionAttributes, c: number, k: number): void {
  if (!Number.isInteger(groups) || groups < 1 || c % groups !== 0 || k % groups !== 0) {
    throw new ShapeError(`${name}: expected groups that divide ${c} input and ${k} output channels, got ${groups}`);
  }
}

function checkOutput(name: string, attributes: ConvolutionAttributes, size: Pair, kernel: Pair, got: Extents): void {
  const { p, q } = outputSize(name, attributes, size, kernel);
  if (p !== got.p || q !== got.q) {
    throw new ShapeError(
      `${name}: an input of ${size.join('×')} gives an output of ${p}×${q}, got a gradient of ${got.p}×${got.q}`,
    );
  }
}
