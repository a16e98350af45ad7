import { Module, type Trace } from '../../nn/index.ts';
import { apply, type Tensor, topologicalOrder } from '../../tensor/index.ts';

/**
 * What stands in an expression for one of its tensors, given the operands as they were rewritten; undefined where the
 * tensor stays as it is.
 */
export type Replace = (tensor: Tensor, operands: readonly Tensor[]) => Tensor | undefined;

/** An expression with some of its tensors replaced, and all that depends on them built again. */
export function rewriteGraph(y: Tensor, replace: Replace): Tensor {
  const rewritten = new Map<Tensor, Tensor>();
  for (const tensor of topologicalOrder([y])) {
    const operands = tensor.operands.map((operand) => rewritten.get(operand)!);
    rewritten.set(tensor, replace(tensor, operands) ?? rebuilt(tensor, operands));
  }
  return rewritten.get(y)!;
}

function rebuilt(tensor: Tensor, operands: readonly Tensor[]): Tensor {
  const { op } = tensor;
  const isSame = operands.every((operand, i) => operand === tensor.operands[i]);
  return isSame || op.kind !== 'primitive' ? tensor : apply(op.primitive, operands, op.attributes);
}

/** The name that a rewritten network has its parameters under. */
const PREFIX = 'network.';

/** A network whose output's expression is rewritten. Its parameters and buffers are those of the network itself. */
export class RewrittenNetwork extends Module {
  readonly #network: Module;
  readonly #replace: Replace;

  constructor(network: Module, replace: Replace) {
    super();
    this.#network = this.child('network', network);
    this.#replace = replace;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return rewriteGraph(this.#network.apply(x, trace), this.#replace);
  }
}

/** The network's own name of a parameter or buffer of a rewritten network. */
export function ownName(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
}
