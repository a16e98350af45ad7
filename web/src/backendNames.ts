// Apart from the backends themselves, so that the page knows their names without them.

/** What computes. */
export const BACKENDS = ['wasm', 'reference', 'webgl2', 'webgpu'] as const;

/** One of {@link BACKENDS}. */
export type BackendName = (typeof BACKENDS)[number];

/** Numbers that a backend computes with; graphics devices have float32 alone. */
export type Precision = 'float32' | 'float64';

/** Whether a backend computes on a graphics device. */
export const isGpu = (name: BackendName): boolean => name === 'webgl2' || name === 'webgpu';
