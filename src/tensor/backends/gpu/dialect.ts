/**
 * How the kernels of a GPU.js mode read and write arrays.
 *
 * An array of n numbers lies on the device as ⌈n/4⌉ *texels* of four; lanes after the end hold anything. Kernels are
 * written as text, in the subset of JavaScript that GPU.js translates, and by way of a dialect, so that one source
 * serves every mode.
 */
export interface Dialect {
  /** Whether a texel is one `Array(4)` of the device; otherwise arrays are flat and a thread computes one lane. */
  readonly packed: boolean;
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
  /** Functions in the language of the device. */
  readonly nativeFunctions: readonly { readonly name: string; readonly source: string }[];
}

/** Every device that WebGL 2 describes has 16 texture units, and outputs need some. */
const TEXTURES = 8;

/** Every device that WebGPU describes has 8 storage buffers a stage, and the output is one. */
const STORAGE_BUFFERS = 8 - 1;

/** Wider outputs are refused by GPU.js on some devices. */
const WIDEST = 2048;

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
  let best = WIDEST;
  for (let width = WIDEST / 2; width >= least; width /= 2) if (cost(width) < cost(best)) best = width;
  return best;
}

/**
 * OpenGL: texels are pixels of a texture whose width is a power of two, so that finding a pixel is a shift and a mask.
 * Whole numbers divide exactly as 32-bit integers; GPU.js itself would divide in float32.
 */
const opengl: Dialect = {
  packed: true,
  mostPlanes: 8,
  mostOperands: TEXTURES,
  mostElements: 2 ** 24,
  quotient: (a, b) => `quotient(${a}, ${b})`,
  output(texels) {
    const width = widthFor(texels);
    return [width, Math.max(2, Math.ceil(texels / width))];
  },
  thread: ([width]) => `this.thread.y * ${width} + this.thread.x`,
  nativeFunctions: [{ name: 'quotient', source: 'int quotient(int a, int b) { return a / b; }' }],
};

/** GPU.js's interpreter in JavaScript: numbers are doubles, and division is exact enough. */
const cpu: Dialect = {
  packed: true,
  mostPlanes: 8,
  mostOperands: TEXTURES,
  mostElements: 2 ** 24,
  quotient: (a, b) => `Math.floor((${a}) / ${b})`,
  output: (texels) => [texels],
  thread: () => 'this.thread.x',
  nativeFunctions: [],
};

/**
 * WebAssembly and WebGPU: flat arrays in float32. (a + ½)/b is at least 1/(2b) away from a whole number, and its
 * rounding error is at most 1½ units of 2⁻²⁴ of a/b: the quotient is exact for a < 2²².
 */
const flat: Dialect = {
  packed: false,
  mostPlanes: 1,
  mostOperands: STORAGE_BUFFERS,
  mostElements: 2 ** 22,
  quotient: (a, b) => `Math.floor((${a} + 0.5) / ${b})`,
  output: (texels) => [4 * texels],
  thread: () => 'this.thread.x',
  nativeFunctions: [],
};

/** The dialect of each of GPU.js's modes. */
export const dialects = { headlessgl: opengl, webgl2: opengl, cpu, webasm: flat, webgpu: flat } as const;
