// Separate from the backends, so that the page needs only their names.

/** The backends. */
export const BACKENDS = ['wasm', 'reference', 'webgl2', 'webgpu'] as const;

/** One of {@link BACKENDS}. */
export type BackendName = (typeof BACKENDS)[number];

/** The precision of a backend; graphics devices have only float32. */
export type Precision = 'float32' | 'float64';

/** Whether a backend computes on a graphics device. */
export const isGpu = (name: BackendName): boolean => name === 'webgl2' || name === 'webgpu';
