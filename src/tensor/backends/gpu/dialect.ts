/**
 * How the kernels of a GPU.js mode read and write arrays.
 *
 * An array of n numbers lies on the device as ⌈n/4⌉ *texels* of four; lanes after the end hold anything. Kernels are
 * written as text, in the subset of JavaScript that GPU.js translates, and by way of a dialect, so that one source
 * serves every mode.
 */
export interface Dialect {
  /** Whether a kernel reads a texel as one `Array(4)`; otherwise it reads number by number. */
  readonly packed: boolean;
  /** Whether a thread computes the four lanes of a texel; otherwise it computes one. */
  readonly wide: boolean;
  /** How many arrays one kernel can write (GPU.js's kernel maps). */
  readonly mostPlanes: number;
  /** The most arrays that one kernel reads. */
  readonly mostOperands: number;
  /** The most elements of an array. */
  readonly mostElements: number;
  /** ⌊a/b⌋ of whole numbers a ≥ 0 and a literal b that is no power of two. */
  readonly quotient: (a: string, b: number) => string;
  /** The output setting of a kernel that writes a given number of texels. */
  readonly output: (texels: number) => number[];
  /** The expression of the thread's number, for that output setting. */
  readonly thread: (output: readonly number[]) => string;
  /** Functions that the device has, but not of all numbers, as text. */
  readonly partial: Readonly<Partial<Record<'exp' | 'log', (x: string) => string>>>;
  /** Functions in the language of the device. */
  readonly nativeFunctions: readonly { readonly name: string; readonly source: string }[];
}

/** Every device that WebGL 2 describes has 16 texture units; GPU.js uses one for the output. */
const TEXTURES = 14;

/** Every device that WebGPU describes has 8 storage buffers a stage, and the output is one. */
const STORAGE_BUFFERS = 8 - 1;

/** The sides that a texture may have on every device that WebGL 2 describes. Its square is the most texels of an array. */
const LONGEST_SIDE = 2048;

/** A rasteriser in software shares squares of this size out to its threads. */
const SQUARE = 64;

/**
 * The width, a power of two, of a texture of a given number of pixels. Pixels after the last texel are computed, too, and rows in
 * pairs: the width is one that wastes little, and leaves more than one square to share out.
 */
function widthFor(texels: number): number {
  const cost = (width: number) => {
    const rows = 2 * Math.ceil(texels / width / 2);
    const squares = Math.ceil(width / SQUARE) * Math.ceil(rows / SQUARE);
    return width * rows * (1 + 1 / squares);
  };
  const least = Math.min(SQUARE, 2 ** Math.floor(Math.log2(Math.max(1, texels / 2))));
  const narrowest = Math.max(least, texels / LONGEST_SIDE);
  let best = LONGEST_SIDE;
  for (let width = LONGEST_SIDE / 2; width >= narrowest; width /= 2) if (cost(width) < cost(best)) best = width;
  return best;
}

/**
 * OpenGL: texels are pixels of a texture whose width is a power of two, so that finding a pixel is a shift and a mask.
 * Whole numbers divide exactly as 32-bit integers; GPU.js itself would divide in float32.
 */
const opengl: Dialect = {
  packed: true,
  wide: true,
  mostPlanes: 8,
  mostOperands: TEXTURES,
  mostElements: 4 * LONGEST_SIDE ** 2,
  quotient: (a, b) => `quotient(${a}, ${b})`,
  output(texels) {
    const width = widthFor(texels);
    return [width, Math.max(2, Math.ceil(texels / width))];
  },
  thread: ([width]) => `this.thread.y * ${width} + this.thread.x`,
  partial: {},
  nativeFunctions: [{ name: 'quotient', source: 'int quotient(int a, int b) { return a / b; }' }],
};

/** GPU.js's interpreter in JavaScript: numbers are doubles, and division is exact enough. */
const cpu: Dialect = {
  packed: true,
  wide: true,
  mostPlanes: 8,
  mostOperands: TEXTURES,
  mostElements: 2 ** 24,
  quotient: (a, b) => `Math.floor((${a}) / ${b})`,
  output: (texels) => [texels],
  thread: () => 'this.thread.x',
  partial: {},
  nativeFunctions: [],
};

/**
 * Flat arrays in float32. (a + ½)/b is at least 1/(2b) away from a whole number, and its rounding error is at most 1½
 * units of 2⁻²⁴ of a/b: the quotient is exact for a < 2²².
 */
const flat = {
  packed: false,
  mostPlanes: 1,
  mostOperands: STORAGE_BUFFERS,
  mostElements: 2 ** 22,
  quotient: (a: string, b: number) => `Math.floor((${a} + 0.5) / ${b})`,
  thread: () => 'this.thread.x',
  nativeFunctions: [],
};

const webasm: Dialect = { ...flat, wide: false, partial: {}, output: (texels) => [4 * texels] };

/**
 * WebGPU's threads return four numbers, which lie one after another in its buffers. It leaves open what exp and log are of
 * NaN and of infinities, and log of numbers that are not positive.
 */
const webgpu: Dialect = {
  ...flat,
  wide: true,
  output: (texels) => [texels],
  partial: {
    exp: (x) => `(${x} === ${x} ? Math.exp(${x}) : ${x})`,
    log: (x) => {
      const ofPositive = `(${x} - ${x} === 0.0 ? Math.log(${x}) : ${x})`;
      return `(${x} > 0.0 ? ${ofPositive} : (${x} === 0.0 ? -1.0 / Math.abs(${x}) : (${x} - ${x}) / (${x} - ${x})))`;
    },
  },
};

/** The dialect of each of GPU.js's modes. */
export const dialects = { headlessgl: opengl, webgl2: opengl, cpu, webasm, webgpu } as const;
