import { vjp } from '../../autodiff/index.ts';
import {
  add,
  apply,
  broadcastTo,
  computeNow,
  constant,
  dependents,
  elementwiseRows,
  type FloatArray,
  isElementwise,
  ndarray,
  ones,
  type PrimitiveOp,
  rewriteGraph,
  type Row,
  type Tensor,
  topologicalOrder,
} from '../../tensor/index.ts';
import { forEachLine, forEachWindow } from './groups.ts';

/** An input of a kink, and how far it is from it. */
export interface Gap {
  /** The element of the first watched tensor that is moved to get to the other side. */
  readonly element: number;
  /** The signed distance to the kink; 0 on it. */
  readonly gap: number;
  /** Which side it is on. On the kink itself, the one whose derivative is taken there. */
  readonly above: boolean;
}

/**
 * A place of a graph where a derivative jumps: a ReLU and every other function with a kink, a maximum of two tensors or of
 * an axis, a comparison, the choice of a max pool.
 */
export interface KinkSite {
  /** The node of the graph. */
  readonly tensor: Tensor;
  /** The expressions whose numbers decide. */
  readonly watched: readonly Tensor[];
  /** Visits every gap, in an order that depends on shapes alone. */
  readonly forEachGap: (values: readonly FloatArray[], visit: (gap: Gap) => void) => void;
  /** The node, with other operands, and with a shift added to the first watched expression. */
  readonly rebuild: (operands: readonly Tensor[], shift: Tensor) => Tensor;
}

/**
 * The kinks of an expression whose inputs depend on the given tensors, in topological order. What no derivative passes
 * through (behind `stopGradient`, or below a comparison) has only the kinks at which its value itself jumps.
 */
export function kinkSites(output: Tensor, variables: Iterable<Tensor>): KinkSite[] {
  const order = topologicalOrder([output]);
  const moving = dependents(order, variables);
  const differentiated = reachedByDerivatives(output, order);
  return order.flatMap((tensor) => {
    if (!tensor.operands.some((operand) => moving.has(operand))) return [];
    const site = differentiated.has(tensor) || isStep(tensor) ? siteOf(tensor) : undefined;
    return site ? [site] : [];
  });
}

/** An expression with what it is made of: a trace of a network, or the network on one sample. */
export interface Traced {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly leaves: ReadonlyMap<unknown, Tensor>;
}

/** The kinks of a network whose inputs depend on its batch, its parameters or its buffers. */
export function networkKinks({ x, y, leaves }: Traced): KinkSite[] {
  return kinkSites(y, [x, ...leaves.values()]);
}

/** The same expression with shifts added to what decides at some of its sites. */
export function withShifts(output: Tensor, shifts: ReadonlyMap<KinkSite, Tensor>): Tensor {
  const sites = new Map([...shifts].map(([site, shift]) => [site.tensor, { site, shift }]));
  return rewriteGraph(output, (tensor, operands) => {
    const here = sites.get(tensor);
    return here?.site.rebuild(operands, here.shift);
  });
}

/** Primitives whose value jumps and whose derivative is 0. */
const STEPS: ReadonlySet<string> = new Set(['less', 'lessEqual', 'equal', 'sign', 'floor']);

function isStep({ op }: Tensor): boolean {
  return op.kind === 'primitive' && STEPS.has(op.primitive);
}

function reachedByDerivatives(output: Tensor, order: readonly Tensor[]): Set<Tensor> {
  const reached = new Set([output]);
  for (const tensor of order.toReversed()) {
    const { op } = tensor;
    const ends = isStep(tensor) || (op.kind === 'primitive' && ['stopGradient', 'maxPoolIndex'].includes(op.primitive));
    if (reached.has(tensor) && !ends) tensor.operands.forEach((operand) => reached.add(operand));
  }
  return reached;
}

function siteOf(tensor: Tensor): KinkSite | undefined {
  const { op, operands, shape } = tensor;
  if (op.kind !== 'primitive') return undefined;
  const { primitive, attributes } = op;
  if (primitive === 'maxPoolIndex' || primitive === 'max') {
    return {
      tensor,
      watched: operands,
      forEachGap: ([x], visit) => {
        const forEachGroup = primitive === 'max' ? forEachLine : forEachWindow;
        forEachGroup(op, operands[0].shape, shape, (places) => {
          const choice = runnerUp(x, places);
          if (choice) visit(choice);
        });
      },
      rebuild: ([x], shift) => apply(primitive, [add(x, shift)], attributes as never),
    };
  }
  if (!isElementwise({ primitive })) return undefined;
  const { apart, kinks } = elementwiseRows[primitive as keyof typeof elementwiseRows] as Row<object>;
  if (apart) {
    return {
      tensor,
      watched: operands.map((operand) => broadcastTo(operand, shape)),
      forEachGap: ([a, b], visit) => {
        for (let element = 0; element < a.length; element++) {
          const gap = a[element] - b[element];
          visit({ element, gap, above: gap > 0 || (gap === 0 && primitive === 'less') });
        }
      },
      rebuild: ([a, b], shift) => apply(primitive, [add(a, shift), b], attributes),
    };
  }
  const places = (kinks?.(attributes) ?? []).filter((kink) => jumps(tensor, kink));
  if (places.length === 0) return undefined;
  const belongAbove = places.map((kink) => belongsAbove(tensor, kink));
  const last = operands.length - 1;
  return {
    tensor,
    watched: [operands[last]],
    forEachGap: ([x], visit) => {
      places.forEach((kink, k) => {
        for (let element = 0; element < x.length; element++) {
          const gap = x[element] - kink;
          visit({ element, gap, above: gap > 0 || (gap === 0 && belongAbove[k]) });
        }
      });
    },
    rebuild: (next, shift) => apply(primitive, [...next.slice(0, last), add(next[last], shift)], attributes),
  };
}

/** A function of one operand (others are the same), applied just below a kink, on it and just above it. */
function around({ op, operands }: Tensor, kink: number): { x: Tensor; y: Tensor; h: number } {
  const h = 2 ** -20 * Math.max(1, Math.abs(kink));
  const x = constant(ndarray([kink - h, kink, kink + h], [3]));
  const { primitive, attributes } = op as PrimitiveOp;
  const all = operands.map(() => x);
  return { x, y: apply(primitive, all, attributes), h };
}

/** Whether value or slope differ on the two sides of a kink: those of ELU with α = 1 do not, softplus's by e⁻²⁰. */
function jumps(tensor: Tensor, kink: number): boolean {
  const { y, h } = around(tensor, kink);
  const [{ data }] = computeNow([y]);
  return Math.abs(data[2] - data[1] - (data[1] - data[0])) > 1e-3 * h;
}

/** Whether the derivative that is taken on a kink is that of the side above it. */
function belongsAbove(tensor: Tensor, kink: number): boolean {
  const { x, y } = around(tensor, kink);
  const [{ data }] = computeNow(vjp([y], [x], [ones([3])]));
  return Math.abs(data[1] - data[2]) < Math.abs(data[1] - data[0]);
}

/** The second largest of some elements, the one that wins on the other side, with its distance below the largest. */
function runnerUp(x: FloatArray, places: readonly number[]): Gap | undefined {
  let [largest, second] = [-1, -1];
  for (const place of places) {
    if (largest < 0 || x[place] > x[largest]) [largest, second] = [place, largest];
    else if (second < 0 || x[place] > x[second]) second = place;
  }
  return second < 0 ? undefined : { element: second, gap: x[second] - x[largest], above: false };
}
