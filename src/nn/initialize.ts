import { checkFunction, formatValue } from '../check.ts';
import { Generator, InputError, type NDArray, type Shape } from '../tensor/index.ts';
import { constantly, fan, type Initializer, kaimingNormal, uniformWithin } from './initializers.ts';
import { checkModule, type Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** How the linear maps of a network (convolutions, fully connected layers, projections) start. */
export interface Scheme {
  readonly weight: Initializer;
  /** The bias is given its weight's shape, on which PyTorch's default depends. */
  readonly bias: (weight: Shape) => Initializer;
}

/**
 * An initializer for weights, and biases 0.
 *
 * @example
 * initialize(network, withZeroBias(xavierUniform()), generator);
 * console.log([...stateDict(network).get('2.bias')!.data]); // [ 0, 0, 0 ]
 */
export function withZeroBias(weight: Initializer): Scheme {
  return { weight, bias: () => constantly(0) };
}

/** PyTorch's default: weights and biases from U(±1/√fan-in). */
export const pytorchDefault: Scheme = (() => {
  const bound = (weight: Shape) => 1 / Math.sqrt(fan(weight, 'fan-in'));
  return { weight: uniformWithin(bound), bias: (weight) => uniformWithin(bound(weight)) };
})();

/**
 * The two readings of TE-NAS (Chen et al. 2021). Its `paper` draws κ's weights by Kaiming normal, fan-out. Its `code`
 * asks for an initialisation whose name it does not know, so that PyTorch's default stays.
 */
export const TE_NAS_SCHEMES: Readonly<Record<'paper' | 'code', Scheme>> = {
  paper: withZeroBias(kaimingNormal('fan-out')),
  code: pytorchDefault,
};

/**
 * Initialises a network: every parameter starts as it declares (see {@link Parameter}), the linear maps by the scheme, and
 * every buffer goes back to its initial value. Each parameter draws from a stream of its own, named after it: adding or
 * removing a layer does not change what the others draw. A shared parameter is drawn once, under its first name.
 *
 * @throws InputError when a parameter does not declare how it starts. Nothing is changed then.
 *
 * @example
 * const layer = new Linear(2, 3);
 * initialize(layer, pytorchDefault, new Generator(0));
 * console.log(layer.weight.value.shape); // [ 3, 2 ]
 */
export function initialize(network: Module, scheme: Scheme, generator: Generator): void {
  checkModule('initialize: network', network);
  checkFunction('initialize: scheme: weight', (Object(scheme) as Partial<Scheme>).weight);
  if (!(generator instanceof Generator)) {
    throw new InputError(`initialize: expected a Generator, got ${formatValue(generator)}`);
  }
  const values = new Map<Parameter, NDArray>();
  for (const [path, module] of network.namedModules()) {
    for (const [name, parameter] of module.ownParameters()) {
      if (values.has(parameter)) continue;
      const initializer = initializerOf(parameter, scheme, path === '' ? name : `${path}.${name}`);
      if (initializer) values.set(parameter, initializer(parameter.shape, generator.fork(`${path}.${name}`)));
    }
  }
  for (const [parameter, value] of values) parameter.value = value;
  for (const buffer of network.namedBuffers().values()) buffer.reset();
}

/** How a parameter is drawn, or undefined where its value stays. */
function initializerOf({ start }: Parameter, scheme: Scheme, name: string): Initializer | undefined {
  if (start === undefined) {
    throw new InputError(
      `initialize: parameter ${name} does not declare how it starts, ` +
        `expected a number, an initializer, 'weight', { biasOf } or { fixed } as second argument of new Parameter`,
    );
  }
  if (typeof start === 'number') return constantly(start);
  if (typeof start === 'function') return start;
  if (start === 'weight') return scheme.weight;
  return 'biasOf' in start ? scheme.bias(start.biasOf.shape) : undefined;
}
