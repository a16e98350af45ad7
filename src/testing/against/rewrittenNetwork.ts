import { Module, type Trace } from '../../nn/index.ts';
import { type Replace, rewriteGraph, type Tensor } from '../../tensor/index.ts';

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
