import * as nn from '../../nn/index.ts';
import { type Module, Sequential } from '../../nn/index.ts';
import { add, concatenate, InputError, multiply, type Tensor } from '../../tensor/index.ts';
import { formatValue } from '../../check.ts';

/** An argument of a layer. */
export type Argument = number | string | boolean | readonly Argument[] | { readonly [name: string]: Argument };

/**
 * A network as plain data, from which other code can build the same: a layer by PyTorch's name and arguments, or networks
 * put together.
 *
 * - `['Conv2d', 3, 8, 3, { padding: 1 }]`: a layer, with the arguments of ntkit's, which are PyTorch's;
 * - `['Sequential', a, b, …]`: one after another. Parameters are named as PyTorch names them: `0.weight`, `1.0.weight`, …;
 * - `['Add', a, b, …]`: the sum of branches; `['Multiply', a, b]`: their product; `['Concatenate', a, b, …]`: side by side
 *   along dimension 1. Branches are named 0, 1, …;
 * - `['Repeat', times, a]`: one network applied several times, its parameters shared; it is named 0;
 * - `['Unused', a, unused]`: a, and beside it a network that takes no part; they are named 0 and 1;
 * - `['NasBench201', cell, size]`, `['NasBench201Supernet', size]`, `['Darts', size]`: TE-NAS's networks and supernets.
 */
export type NetworkDescription = readonly [name: string, ...parts: readonly Argument[]];

/** Layers that a description may name, as constructors of plain arguments. */
const LAYERS = {
  ...{ AdaptiveAvgPool2d: nn.AdaptiveAvgPool2d, AvgPool2d: nn.AvgPool2d, MaxPool2d: nn.MaxPool2d },
  ...{ BatchNorm1d: nn.BatchNorm1d, BatchNorm2d: nn.BatchNorm2d, GroupNorm: nn.GroupNorm, LayerNorm: nn.LayerNorm },
  ...{ InstanceNorm2d: nn.InstanceNorm2d, Conv1d: nn.Conv1d, Conv2d: nn.Conv2d, ConvTranspose2d: nn.ConvTranspose2d },
  ...{ Linear: nn.Linear, Identity: nn.Identity, Flatten: nn.Flatten, GlobalAvgPool2d: nn.GlobalAvgPool2d },
  ...{ ReLU: nn.ReLU, LeakyReLU: nn.LeakyReLU, ELU: nn.ELU, Softplus: nn.Softplus, Sigmoid: nn.Sigmoid, Tanh: nn.Tanh },
  ...{ SiLU: nn.SiLU, GELU: nn.GELU, Softmax: nn.Softmax, PReLU: nn.PReLU, MultiheadAttention: nn.MultiheadAttention },
  ...{ Upsample: nn.Upsample, ZeroPad2d: nn.ZeroPad2d, Hardswish: nn.Hardswish, Mish: nn.Mish },
} as const;

type Branch = (x: Tensor) => Tensor;

/** How branches become one. */
const JOINS: Readonly<Record<string, (parts: readonly Tensor[]) => Tensor>> = {
  Add: (parts) => add(...parts),
  Multiply: (parts) => parts.reduce((a, b) => multiply(a, b)),
  Concatenate: (parts) => concatenate(parts, 1),
};

/** Networks of the search spaces. */
const SPACES: Readonly<Record<string, (...parts: readonly Argument[]) => Module>> = {
  NasBench201: (cell, size) => nn.cellNetwork(nn.parseGenotype(cell as string), size as unknown as nn.NasBench201Size),
  NasBench201Supernet: (size) => nn.superNetwork(nn.NAS_BENCH_201_SPACE, 3, size as unknown as nn.NasBench201Size),
  Darts: (size) => new nn.DartsNetwork({ space: nn.DARTS_SPACE, ...(size as unknown as Omit<nn.DartsSize, 'space'>) }),
};

const described = new WeakMap<Module, NetworkDescription>();

/**
 * Builds a network of its description. Its parameters have no values yet: see {@link randomize}.
 *
 * @throws InputError when a name is unknown; what the layers throw when arguments do not fit.
 *
 * @example
 * const built = networkFrom(['Sequential', ['Conv2d', 3, 2, 3], ['ReLU'], ['Flatten'], ['Linear', 8, 3]]);
 * console.log([...built.namedParameters().keys()]); // [ '0.weight', '0.bias', '3.weight', '3.bias' ]
 */
export function networkFrom(description: NetworkDescription): Module {
  const network = build(description);
  described.set(network, description);
  return network;
}

/**
 * The description that {@link networkFrom} built a network of; undefined for other networks.
 *
 * @example
 * const built = networkFrom(['Sequential', ['Linear', 3, 2], ['ReLU']]);
 * console.log(descriptionOf(built)); // [ 'Sequential', [ 'Linear', 3, 2 ], [ 'ReLU' ] ]
 */
export function descriptionOf(network: Module): NetworkDescription | undefined {
  return described.get(network);
}

function build([name, ...parts]: NetworkDescription): Module {
  const children = () => parts.map((part) => networkFrom(part as unknown as NetworkDescription));
  if (name === 'Sequential') return new Sequential(...children());
  if (Object.hasOwn(JOINS, name)) return branches(children(), (x, all) => JOINS[name](all.map((branch) => branch(x))));
  if (name === 'Unused') return branches(children(), (x, [used]) => used(x));
  if (name === 'Repeat') {
    const [times, inner] = parts;
    return branches([networkFrom(inner as unknown as NetworkDescription)], (x, [once]) =>
      Array.from({ length: times as number }).reduce<Tensor>((y) => once(y), x),
    );
  }
  if (Object.hasOwn(SPACES, name)) return SPACES[name](...parts);
  if (!Object.hasOwn(LAYERS, name)) {
    const known = ['Sequential', ...[JOINS, SPACES, LAYERS].flatMap(Object.keys), 'Unused', 'Repeat'];
    throw new InputError(`networkFrom: expected one of ${known.join(', ')}, got ${formatValue(name)}`);
  }
  const Layer = LAYERS[name as keyof typeof LAYERS] as unknown as new (...args: readonly unknown[]) => Module;
  return new Layer(...parts);
}

function branches(modules: readonly Module[], wiring: (x: Tensor, branches: readonly Branch[]) => Tensor): Module {
  const children = Object.fromEntries(modules.map((module, i) => [String(i), module]));
  return new nn.Functional(children, (x, f) => wiring(x, modules.map((_, i) => f[String(i)]))); // prettier-ignore
}
