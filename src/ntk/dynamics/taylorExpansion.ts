import { formatValue } from '../../check.ts';
import { jvp } from '../../autodiff/index.ts';
import { Buffer, checkModule, Module, Parameter, Trace } from '../../nn/index.ts';
import {
  checkArray,
  formatShape,
  input,
  InputError,
  linearCombination,
  type NDArray,
  rewriteGraph,
  sameShape,
  type Shape,
  ShapeError,
  subtract,
  type Tensor,
} from '../../tensor/index.ts';

/** What a variable of the network is in its expansion. */
interface Expanded {
  /** θ, which is trained. */
  readonly parameter: Parameter;
  /** θ₀, where the network is expanded. */
  readonly start: Buffer;
}

/**
 * A network's Taylor polynomial in its parameters, as a module of its own: its parameters have the names and shapes of the
 * network's, and start where it is expanded. That place and the network's buffers are kept as they were when the
 * expansion was made: training either network leaves the other alone.
 */
export class TaylorExpansion extends Module {
  readonly degree: number;
  readonly #network: Module;
  readonly #parameters = new Map<Parameter, Expanded>();
  readonly #buffers = new Map<Buffer, Buffer>();

  /** @internal Use {@link linearize} and {@link taylorExpand}. */
  constructor(network: Module, values: ReadonlyMap<string, NDArray>, degree: number) {
    super();
    this.degree = degree;
    this.#network = network;
    for (const [name, variable] of network.namedParameters()) {
      const value = values.get(name)!;
      const start = this.buffer(`start.${name}`, new Buffer(variable.shape, copied(value, variable.shape)));
      const parameter = this.parameter(name, new Parameter(variable.shape));
      parameter.value = copied(value, variable.shape);
      this.#parameters.set(variable, { parameter, start });
    }
    for (const [name, variable] of network.namedBuffers()) {
      const value = copied(values.get(name) ?? variable.value, variable.shape);
      this.#buffers.set(variable, this.buffer(name, new Buffer(variable.shape, value)));
    }
  }

  /** Σₖ (1/k!)·dᵏ/dsᵏ f(x; θ₀ + s·(θ − θ₀)) at s = 0, for k from 0 to the degree; each is the `jvp` of the one before. */
  protected override forward(x: Tensor, trace: Trace): Tensor {
    const { mode, dtype } = trace;
    const inner = new Trace(this.#network, x.shape, { mode, dtype });
    const substitutes = new Map<Tensor, Tensor>([[inner.x, x]]);
    const starts: Tensor[] = [];
    const changes: Tensor[] = [];
    for (const [variable, leaf] of inner.leaves) {
      if (!(variable instanceof Parameter)) {
        substitutes.set(leaf, trace.buffer(this.#buffers.get(variable)!));
        continue;
      }
      const { parameter, start } = this.#parameters.get(variable)!;
      // A stand-in for θ − θ₀: the derivatives with respect to θ₀ must not see that it has θ₀ in it.
      const change = input('change', variable.shape, dtype);
      starts.push(leaf);
      changes.push(change);
      substitutes.set(leaf, trace.buffer(start));
      substitutes.set(change, subtract(trace.parameter(parameter), trace.buffer(start)));
    }
    if (starts.length === 0) return rewriteGraph(inner.y, (tensor) => substitutes.get(tensor));
    const terms = [inner.y];
    for (let k = 1; k <= this.degree; k++) terms.push(...jvp([terms[k - 1]], starts, changes));
    let factorial = 1;
    const coefficients = terms.map((_, k) => 1 / (factorial *= Math.max(1, k)));
    return rewriteGraph(linearCombination(terms, coefficients), (tensor) => substitutes.get(tensor));
  }
}

/** The value itself may be overwritten by who trains the network. */
function copied(value: NDArray, shape: Shape): NDArray {
  return { ...value, shape, data: value.data.slice() };
}

/**
 * The network linearised in its parameters about given values of them,
 *
 *     f_lin(x; θ) = f(x; θ₀) + J(x; θ₀)·(θ − θ₀),
 *
 * what a network of infinite width is (Lee et al. 2019). Its tangent kernel is the network's at θ₀, whatever θ is. It is a
 * {@link Module}, so that all that takes a network takes it: `forward`, `tangentKernel`, gradients.
 *
 * @param parameters θ₀ by PyTorch name, e.g. of `stateDict`; buffers may be among them. The network's present values by
 * default.
 * @throws InputError when a name is missing or unexpected or a parameter has no value, ShapeError when a shape differs.
 *
 * @example
 * const before = await tangentKernel(network, images);
 * const linear = linearize(network);
 * initialize(network, pytorchDefault, new Generator(1));
 * const after = await tangentKernel(linear, images);
 * console.log(kernelDistance(after.kernel, before.kernel) < 1e-9); // true
 */
export function linearize(network: Module, parameters?: ReadonlyMap<string, NDArray>): TaylorExpansion {
  return new TaylorExpansion(network, checkedValues('linearize', network, parameters), 1);
}

/**
 * The network's Taylor polynomial of a degree in its parameters about given values of them; {@link linearize} is that of
 * degree 1. Derivatives are nested: the expression of degree k is about 3ᵏ times as long as the network's. Networks of
 * ReLUs are piecewise polynomial, and no ReLU of theirs changes sides.
 *
 * @param degree ≥ 0
 * @throws InputError, ShapeError as {@link linearize}; InputError when the degree is no integer ≥ 0.
 *
 * @example
 * const quadratic = taylorExpand(network, stateDict(network), 2);
 * console.log((await forward(quadratic, images)).shape); // [ 4, 3 ]
 */
export function taylorExpand(
  network: Module,
  parameters: ReadonlyMap<string, NDArray> | undefined,
  degree: number,
): TaylorExpansion {
  if (!Number.isInteger(degree) || degree < 0) {
    throw new InputError(`taylorExpand: degree: expected an integer ≥ 0, got ${formatValue(degree)}`);
  }
  return new TaylorExpansion(network, checkedValues('taylorExpand', network, parameters), degree);
}

function checkedValues(
  where: string,
  network: Module,
  given: ReadonlyMap<string, NDArray> | undefined,
): ReadonlyMap<string, NDArray> {
  checkModule(`${where}: network`, network);
  const variables = network.namedState();
  if (given === undefined) return new Map([...network.namedParameters()].map(([name, { value }]) => [name, value]));
  if (typeof (Object(given) as typeof given).get !== 'function' || typeof given.keys !== 'function') {
    throw new InputError(`${where}: parameters: expected a Map from names to arrays, got ${formatValue(given)}`);
  }
  for (const name of network.namedParameters().keys()) {
    if (!given.has(name)) throw new InputError(`${where}: parameters: expected ${name}, got none of that name`);
  }
  for (const [name, value] of given) {
    const variable = variables.get(name);
    if (variable === undefined)
      throw new InputError(`${where}: parameters: expected names of the network, got ${name}`);
    checkArray(`${where}: ${name}`, value);
    if (!sameShape(value.shape, variable.shape)) {
      throw new ShapeError(
        `${where}: ${name}: expected shape ${formatShape(variable.shape)}, got ${formatShape(value.shape)}`,
      );
    }
  }
  return given;
}
