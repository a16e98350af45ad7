import { allocate, type NDArray, type Shape, sizeOf, type Tensor } from '../tensor/index.ts';
import type { Trace } from './trace.ts';

/** A named array of a module: a parameter that is trained, or a buffer that is kept beside it. */
export class Variable {
  readonly shape: Shape;
  #value: NDArray;

  constructor(shape: Shape, fill = 0) {
    this.shape = shape;
    this.#value = { shape, dtype: 'float64', data: allocate('float64', sizeOf(shape)).fill(fill) };
  }

  /** The present value. Kept in the precision it was given in; a trace casts it to its own. */
  get value(): NDArray {
    return this.#value;
  }

  /** Replaces the value; whoever loads or initialises checks the shape first. */
  set value(value: NDArray) {
    this.#value = { ...value, shape: this.shape };
  }
}

/**
 * A part of a network: variables, further modules, and a rule that builds its output's expression.
 *
 * Names follow PyTorch: a module's own variables come first, then those of its children, in the order of registration,
 * joined by dots. A child's name may hold dots itself (`cells.0`).
 */
export abstract class Module {
  readonly #parameters = new Map<string, Variable>();
  readonly #buffers = new Map<string, Variable>();
  readonly #children = new Map<string, Module>();

  /** The expression of the output. Children are applied with {@link Module.apply}, variables read from the trace. */
  protected abstract forward(x: Tensor, trace: Trace): Tensor;

  /** The expression of the output, which the trace takes note of. */
  apply(x: Tensor, trace: Trace): Tensor {
    const y = this.forward(x, trace);
    trace.note(this, x, y);
    return y;
  }

  /** All trained variables by name, e.g. `cells.0.layers.1.op.1.weight`. */
  namedParameters(): Map<string, Variable> {
    return this.#collect((module) => module.#parameters);
  }

  /** All variables that are kept but not trained, e.g. running statistics. */
  namedBuffers(): Map<string, Variable> {
    return this.#collect((module) => module.#buffers);
  }

  /** This module (under the name '') and all below it, each before its children. */
  namedModules(): Map<string, Module> {
    const modules = new Map<string, Module>([['', this]]);
    for (const [name, child] of this.#children) {
      for (const [inner, module] of child.namedModules()) modules.set(inner === '' ? name : `${name}.${inner}`, module);
    }
    return modules;
  }

  protected parameter(name: string, variable: Variable): Variable {
    this.#parameters.set(name, variable);
    return variable;
  }

  protected buffer(name: string, variable: Variable): Variable {
    this.#buffers.set(name, variable);
    return variable;
  }

  protected child<M extends Module>(name: string, module: M): M {
    this.#children.set(name, module);
    return module;
  }

  #collect(own: (module: Module) => ReadonlyMap<string, Variable>): Map<string, Variable> {
    const found = new Map<string, Variable>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, variable] of own(module)) found.set(path === '' ? name : `${path}.${name}`, variable);
    }
    return found;
  }
}

/** Modules by name, as a {@link Graph} is given them. */
export type Children = Readonly<Record<string, Module>>;

/** A module whose children are applied one after another; their names are 0, 1, 2, … */
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
 * A module that wires its children as a given function says:
 *
 *     new Graph({ conv, shortcut }, (x, { conv, shortcut }) => add(conv(x), shortcut(x)))
 */
export class Graph<C extends Children> extends Module {
  readonly #modules: C;
  readonly #wiring: (x: Tensor, children: { readonly [K in keyof C]: (x: Tensor) => Tensor }) => Tensor;

  constructor(modules: C, wiring: (x: Tensor, children: { readonly [K in keyof C]: (x: Tensor) => Tensor }) => Tensor) {
    super();
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
