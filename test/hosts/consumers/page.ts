import { CIFAR_SIZED, kappa } from './kappa.js';

// A page, from its navigation to κ.

/** The result of a page for its test. */
export interface PageResult {
  readonly kappa?: number;
  readonly error?: string;
  /** From the navigation on. */
  readonly seconds: number;
  readonly isolated: boolean;
}

const result = await kappa(CIFAR_SIZED).then(
  (value) => ({ kappa: value }),
  (error: unknown) => ({ error: String(error) }),
);
Object.assign(globalThis, {
  result: { ...result, seconds: performance.now() / 1000, isolated: crossOriginIsolated } satisfies PageResult,
});
