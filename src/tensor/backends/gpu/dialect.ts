/**
 * How the kernels of a GPU.js mode read and write arrays.
 *
 * An array of n numbers lies on the device as ⌈n/4⌉ *texels* of four; lanes behind the end hold anything. Kernels are
 * written as text, in the subset of JavaScript that GPU.js translates, and by way of a dialect, so that one source
 * serves every mode.
 */
export interface Dialect {
  /** Whether a texel is one `Array(4)` of the device; otherwise arrays are flat and a thread computes one lane. */
  readonly packed: boolean;
  /** How many arrays one kernel can write (GPU.js's kernel maps). */
  readonly mostPlanes: number;
  /** The most elements of an array. */
  readonly mostElements: number;
  /** ⌊a/b⌋ of whole numbers a ≥ 0 and a literal b that is no power of two. */
  readonly quotient: (a: string, b: number) => string;
  /** The output setting of a kernel that writes so many texels. */
  readonly output: (texels: number) => number[];
  /** The expression of the thread's number, for that output setting. */
  readonly thread: (output: readonly number[]) => string;
  /** Functions in the language of the device. */
  readonly nativeFunctions: readonly { readonly name: string; readonly source: string }[];
}

/** Wider outputs are refused by GPU.js on some devices. */
const WIDEST = 2048;

/**
 * OpenGL: texels are pixels of a texture whose width is a power of two, so that finding a pixel is a shift and a mask.
 * Whole numbers divide exactly as 32-bit integers; GPU.js itself would divide in float32.
 */
const opengl: Dialect = {
  packed: true,
  mostPlanes: 8,
  mostElements: 2 ** 24,
  quotient: (a, b) => `quotient(${a}, ${b})`,
  output(texels) {
    const width = Math.min(WIDEST, 2 ** Math.ceil(Math.log2(Math.max(1, texels / 2))));
    return [width, Math.max(2, Math.ceil(texels / width))];
  },
  thread: ([width]) => `this.thread.y * ${width} + this.thread.x`,
  nativeFunctions: [{ name: 'quotient', source: 'int quotient(int a, int b) { return a / b; }' }],
};

/** GPU.js's interpreter in JavaScript: numbers are doubles, and division is exact enough. */
const cpu: Dialect = {
  packed: true,
  mostPlanes: 8,
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
  mostElements: 2 ** 22,
  quotient: (a, b) => `Math.floor((${a} + 0.5) / ${b})`,
  output: (texels) => [4 * texels],
  thread: () => 'this.thread.x',
  nativeFunctions: [],
};

/** The dialect of each of GPU.js's modes. */
export const dialects = { headlessgl: opengl, webgl2: opengl, cpu, webasm: flat, webgpu: flat } as const;
