import { Conv2d, Linear, type Module, Trace } from '../nn/index.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';

/** What a network costs, as NAS-Bench-201 counts it. */
export interface NetworkCost {
  /** All trained numbers. */
  readonly parameters: number;
  /**
   * Multiplications with additions of one image's convolutions and linear layers, and the linear layers' bias additions.
   * Pooling, batch norm and sums do not count.
   */
  readonly flops: number;
}

/**
 * Counts a network's parameters and operations.
 *
 * @param image the shape [C, H, W]
 * @throws ShapeError when the image does not fit the network.
 */
export function networkCost(network: Module, image: Shape): NetworkCost {
  const { calls } = new Trace(network, [1, ...image], { mode: 'eval' });
  const flops = calls.map(({ module, output }) => {
    if (module instanceof Conv2d) return (sizeOf(output.shape) * sizeOf(module.weight.shape)) / module.weight.shape[0];
    if (module instanceof Linear) return sizeOf(module.weight.shape) + (module.bias ? sizeOf(module.bias.shape) : 0);
    return 0;
  });
  const parameters = [...network.namedParameters().values()].map(({ shape }) => sizeOf(shape));
  return { parameters: total(parameters), flops: total(flops) };
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
