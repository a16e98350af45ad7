/**
 * What passes between the layers of an infinitely wide network: the shape of a sample's features, and what is known of
 * their distribution.
 */
export interface Signal {
  /** Features of a vector or of a pixel, as many as a network of finite width has. */
  readonly channels: number;
  /** Height and width; absent for vectors. */
  readonly pixels?: readonly [height: number, width: number] | undefined;
  /** Whether the channels are independent draws from one Gaussian of mean 0, as a wide linear layer makes them. */
  readonly gaussian: boolean;
  /**
   * Whether the mean of its product with anything else is 0, because weights of its own, drawn about 0, come last but for
   * linear maps.
   */
  readonly centred: boolean;
  /** What made it, for messages. */
  readonly source: string;
}

/**
 * Which covariances are computed: those of a pixel with the same pixel of another sample, or those of all pairs of pixels,
 * which pooling needs. Of vectors there is one in either case.
 */
export type Spatial = 'same' | 'all';

/** [3, 8, 8], or [16] */
export function formatSignal({ channels, pixels }: Signal): string {
  return `[${[channels, ...(pixels ?? [])].join(', ')}]`;
}

/** The number of pixels; 1 of a vector. */
export function pixelCount({ pixels }: Signal): number {
  return pixels ? pixels[0] * pixels[1] : 1;
}

/** The signal, after it was visited. */
export function visited(signal: Signal, visit: (signal: Signal) => void): Signal {
  visit(signal);
  return signal;
}
