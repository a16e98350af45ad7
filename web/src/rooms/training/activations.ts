// Apart from the networks themselves, so that the page knows the names without them.

/** The non-linearities that the room offers. */
export const ACTIVATIONS = ['relu', 'erf', 'tanh'] as const;

/** One of {@link ACTIVATIONS}. */
export type Activation = (typeof ACTIVATIONS)[number];

/** Whether the infinitely wide network has a kernel in closed form: E[tanh(u)·tanh(v)] of Gaussian u and v has none. */
export function hasInfiniteKernel(activation: Activation): boolean {
  return activation !== 'tanh';
}
