// Separate from the networks, so that the page needs only the names.

/** The non-linearities that the room offers. */
export const ACTIVATIONS = ['relu', 'erf', 'tanh'] as const;

/** One of {@link ACTIVATIONS}. */
export type Activation = (typeof ACTIVATIONS)[number];

/** Whether the infinitely wide network has a kernel in closed form: E[tanh(u)·tanh(v)] of Gaussian u and v has none. */
export function hasInfiniteKernel(activation: Activation): boolean {
  return activation !== 'tanh';
}
