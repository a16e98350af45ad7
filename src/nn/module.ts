import { checkFunction, formatValue } from '../check.ts';
import { checkTensor, formatShape, InputError, type Shape, ShapeError, type Tensor } from '../tensor/index.ts';
import type { Buffer, Parameter } from './parameter.ts';
import type { Trace } from './trace.ts';

/**
 * A part of a network: parameters, buffers, further modules, and a rule that builds its output's expression.
 *
 * Names follow PyTorch: a module's own arrays come first, then those of its children, in the order of registration,
 * joined by dots. A child's name may itself contain dots (`cells.0`). A module or parameter that is registered twice is
 * shared: it is listed once, under its first name, and its gradient is the sum over its uses.
 *
 * @example
 * class Scaled extends Module {
 *   readonly #inner: Module;
 *   readonly #scale = this.parameter('scale', new Parameter([1], 1));
 *   constructor(inner: Module) {
 *     super();
 *     this.#inner = this.child('inner', inner);
 *   }
 *   protected override forward(x: Tensor, trace: Trace): Tensor {
 *     return multiply(this.#inner.apply(x, trace), trace.parameter(this.#scale));
 *   }
 * }
 * console.log([...new Scaled(new Linear(5, 3)).namedParameters().keys()]); // [ 'scale', 'inner.weight', 'inner.bias' ]
 */
export abstract class Module {
  readonly #parameters = new Map<string, Parameter>();
  readonly #buffers = new Map<string, Buffer>();
  readonly #children = new Map<string, Module>();

  /**
   * The expression of the output. Children are applied with {@link Module.apply}, parameters and buffers are read from the
   * trace. `x` has the shape that PyTorch's module would be given, the batch first.
   */
  protected abstract forward(x: Tensor, trace: Trace): Tensor;

  /**
   * The shape of input that the module takes, if only one will do: letters for extents that may be any, `…` for any number
   * of them. `['N', 3, 'H', 'W']`; `['N', '…', 5]`.
   */
  protected get expectedInput(): readonly (string | number)[] | undefined {
    return undefined;
  }

  /**
   * The expression of the output; the trace records the call.
   *
   * @throws ShapeError when x does not fit, with the path of the innermost module that it does not fit:
   * `1.conv (Conv2d): expected input [N, 3, H, W], got [4, 1, 8, 8]`.
   */
  apply(x: Tensor, trace: Trace): Tensor {
    try {
      checkTensor('input', x);
      const expected = this.expectedInput;
      if (expected && !fits(x.shape, expected)) {
        throw new ShapeError(`expected input [${expected.join(', ')}], got ${formatShape(x.shape)}`);
      }
      const y = this.forward(x, trace);
      checkTensor('forward: its result', y);
      trace.record(this, x, y);
      return y;
    } catch (error) {
      throw trace.locate(error, this);
    }
  }

  /** All parameters by name, e.g. `cells.0.layers.1.op.1.weight`; a shared one once, under its first name. */
  namedParameters(): Map<string, Parameter> {
    return firstNames(this.#collect((module) => module.#parameters));
  }

  /** All buffers by name, e.g. running statistics; a shared one once, under its first name. */
  namedBuffers(): Map<string, Buffer> {
    return firstNames(this.#collect((module) => module.#buffers));
  }

  /** Parameters and buffers by every name that they have, as PyTorch's `state_dict` lists them. */
  namedState(): Map<string, Parameter | Buffer> {
    return new Map<string, Parameter | Buffer>([
      ...this.#collect((module) => module.#parameters),
      ...this.#collect((module) => module.#buffers),
    ]);
  }

  /** This module (under the name '') and all below it, each before its children; a shared one once. */
  namedModules(): Map<string, Module> {
    return firstNames(this.#allModules());
  }

  /** The parameters that are registered with this module itself, not with its children. */
  ownParameters(): ReadonlyMap<string, Parameter> {
    return this.#parameters;
  }

  /** Registers a parameter under a name of this module, and returns it. */
  protected parameter(name: string, parameter: Parameter): Parameter {
    this.#register(this.#parameters, name, parameter);
    return parameter;
  }

  /** Registers a buffer under a name of this module, and returns it. */
  protected buffer(name: string, buffer: Buffer): Buffer {
    this.#register(this.#buffers, name, buffer);
    return buffer;
  }

  /** Registers a module under a name of this module, and returns it. */
  protected child<M extends Module>(name: string, module: M): M {
    checkModule(`${this.constructor.name}: ${name}`, module);
    this.#register(this.#children, name, module);
    return module;
  }

  #register<T>(registry: Map<string, T>, name: string, value: T): void {
    if (typeof name !== 'string') {
      throw new InputError(`${this.constructor.name}: expected a name, got ${formatValue(name)}`);
    }
    const taken = [this.#parameters, this.#buffers, this.#children].some((names) => names.has(name));
    if (taken || name === '') {
      throw new InputError(
        `${this.constructor.name}: expected a new name, got ${taken ? `${name} a second time` : 'an empty one'}`,
      );
    }
    registry.set(name, value);
  }

  #allModules(): [string, Module][] {
    const modules: [string, Module][] = [['', this]];
    for (const [name, child] of this.#children) {
      for (const [inner, module] of child.#allModules()) modules.push([joined(name, inner), module]);
    }
    return modules;
  }

  /** What every module has of its own, by full name; a shared array under each of its names. */
  #collect<T>(own: (module: Module) => ReadonlyMap<string, T>): [string, T][] {
    return this.#allModules().flatMap(([path, module]) =>
      [...own(module)].map(([name, value]): [string, T] => [joined(path, name), value]),
    );
  }
}

/**
 * Makes sure of a module that comes from code without types.
 *
 * @param where names it in messages.
 * @throws InputError when it is none.
 *
 * @example
 * const given: unknown = network;
 * checkModule('network', given);
 * console.log(given.namedParameters().size); // 4
 */
export function checkModule(where: string, value: unknown): asserts value is Module {
  if (!(value instanceof Module)) throw new InputError(`${where}: expected a module, got ${formatValue(value)}`);
}

function fits(shape: Shape, expected: readonly (string | number)[]): boolean {
  const gap = expected.indexOf('…');
  if (gap < 0 ? shape.length !== expected.length : shape.length < expected.length - 1) return false;
  return expected.every((extent, i) => {
    if (typeof extent === 'string') return true;
    return extent === shape.at(gap >= 0 && i > gap ? i - expected.length : i);
  });
}

function joined(path: string, name: string): string {
  return path === '' || name === '' ? path + name : `${path}.${name}`;
}

/** The entries without those whose value came before. */
function firstNames<T>(entries: readonly (readonly [string, T])[]): Map<string, T> {
  const seen = new Set<T>();
  return new Map(entries.filter(([, value]) => !seen.has(value) && seen.add(value)));
}

/** Modules by name, as a {@link Functional} is given them. */
export type Children = Readonly<Record<string, Module>>;

/**
 * A module whose children are applied one after another; their names are 0, 1, 2, …
 *
 * @example
 * const mlp = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1));
 * console.log([...mlp.namedParameters().keys()]); // [ '0.weight', '0.bias', '2.weight', '2.bias' ]
 */
export class Sequential extends Module {
  readonly #modules: readonly Module[];

  constructor(...modules: Module[]) {
    super();
    this.#modules = modules.map((module, i) => this.child(String(i), module));
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.#modules.reduce((y, module) => module.apply(y, trace), x);
  }
}

/**
 * A module that wires its children by a function.
 *
 * @example
 * const residual = new Functional({ fc: new Linear(5, 5) }, (x, { fc }) => add(x, fc(x)));
 * initialize(residual, pytorchDefault, generator);
 * const y = await forward(residual, images);
 * console.log(y.shape, [...residual.namedParameters().keys()]); // [ 4, 5 ] [ 'fc.weight', 'fc.bias' ]
 */
export class Functional<C extends Children> extends Module {
  readonly #modules: C;
  readonly #wiring: (x: Tensor, children: { readonly [K in keyof C]: (x: Tensor) => Tensor }) => Tensor;

  constructor(modules: C, wiring: (x: Tensor, children: { readonly [K in keyof C]: (x: Tensor) => Tensor }) => Tensor) {
    super();
    if (typeof modules !== 'object' || modules === null) {
      throw new InputError(`Functional: expected modules by name, got ${formatValue(modules)}`);
    }
    checkFunction('Functional: wiring', wiring);
    for (const [name, module] of Object.entries(modules)) this.child(name, module);
    this.#modules = modules;
    this.#wiring = wiring;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const applied = Object.entries(this.#modules).map(([name, module]) => [
      name,
      (t: Tensor) => module.apply(t, trace),
    ]);
    return this.#wiring(x, Object.fromEntries(applied) as { [K in keyof C]: (x: Tensor) => Tensor });
  }
}
