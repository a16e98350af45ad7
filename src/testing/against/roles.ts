import { type Module, Trace } from '../../nn/index.ts';
import { type Shape, type Tensor, topologicalOrder } from '../../tensor/index.ts';

/** What a parameter does: γ and β scale and shift what is normalised, a bias is added, a weight is all else. */
export type Role = 'weight' | 'bias' | 'gamma' | 'beta';

/** A parameter that takes part in a network's output. */
export interface RoledParameter {
  readonly name: string;
  readonly shape: Shape;
  readonly role: Role;
  /** In how many places of the network it is used. */
  readonly uses: number;
}

/**
 * The parameters that take part in a network's output, in the order in which a forward pass first uses them, with what
 * they do there: read from the expression, whatever their names are.
 *
 * @throws ShapeError when the batch does not fit the network.
 */
export function rolesOf(network: Module, shape: Shape): RoledParameter[] {
  // In eval mode, which takes batches of any size; roles are the same in both.
  const trace = new Trace(network, shape, { mode: 'eval' });
  const order = topologicalOrder([trace.y]);
  const users = usersOf(order);
  const place = new Map(order.map((tensor, i) => [tensor, i]));
  const names = [...network.namedState()];
  const parameters = network.namedParameters();
  const found = [...trace.parameters(network)].flatMap(([name, leaf]) => {
    const uses = users(leaf);
    if (uses.length === 0 || !place.has(leaf)) return [];
    const roles = uses.map(([user, at]) => roleOf(user, at));
    const role = (['weight', 'gamma', 'beta', 'bias'] as const).find((each) => roles.includes(each))!;
    const aliases = names.filter(([, variable]) => variable === parameters.get(name)).length;
    const first = Math.min(...uses.map(([user]) => place.get(user)!));
    return [{ first, parameter: { name, shape: leaf.shape, role, uses: Math.max(uses.length, aliases) } }];
  });
  return found.toSorted((a, b) => a.first - b.first).map(({ parameter }) => parameter);
}

/** An expression, and which of its operands is meant. */
type Use = readonly [user: Tensor, operand: number];

/** Primitives that only move elements: their operand is still the parameter. */
const MOVES: readonly string[] = ['reshape', 'broadcastTo', 'transpose', 'cast'];

const isMove = ({ op }: Tensor): boolean => op.kind === 'primitive' && MOVES.includes(op.primitive);

/** Who computes with a tensor, looking through what moves its elements. */
function usersOf(order: readonly Tensor[]): (tensor: Tensor) => Use[] {
  const direct = new Map<Tensor, Use[]>();
  for (const user of order) {
    user.operands.forEach((operand, at) => {
      const uses = direct.get(operand) ?? [];
      uses.push([user, at]);
      direct.set(operand, uses);
    });
  }
  const users = (tensor: Tensor): Use[] =>
    (direct.get(tensor) ?? []).flatMap(([user, at]): Use[] => (isMove(user) ? users(user) : [[user, at]]));
  return users;
}

function roleOf(user: Tensor, at: number): Role {
  const { op, operands } = user;
  if (op.kind !== 'primitive') return 'weight';
  const others = operands.filter((_, i) => i !== at).map(behindMoves);
  const primitive: string = op.primitive;
  if (primitive === 'channelAffine') {
    const isNorm = isNormalized(behindMoves(operands[0]));
    if (at === 1) return isNorm ? 'gamma' : 'weight';
    return at === 2 ? (isNorm ? 'beta' : 'bias') : 'weight';
  }
  if (primitive === 'multiply') return others.some(isNormalizing) ? 'gamma' : 'weight';
  if (primitive === 'linearCombination') return others.some(isScaledNormalized) ? 'beta' : 'bias';
  return 'weight';
}

function behindMoves(tensor: Tensor): Tensor {
  let inner = tensor;
  while (isMove(inner)) [inner] = inner.operands;
  return inner;
}

const primitiveOf = ({ op }: Tensor): string => (op.kind === 'primitive' ? op.primitive : op.kind);

/** (x − μ)/σ by the batch, or x − μ by running statistics, which are inputs. */
function isNormalized(tensor: Tensor): boolean {
  if (primitiveOf(tensor) === 'standardize') return true;
  if (primitiveOf(tensor) !== 'channelAffine') return false;
  const shift = behindMoves(tensor.operands[2]);
  const [mean] = shift.operands;
  return primitiveOf(shift) === 'linearCombination' && shift.operands.length === 1 && mean.op.kind === 'input';
}

/** What γ is multiplied with: the normalised x, or the 1/σ of running statistics. */
function isNormalizing(tensor: Tensor): boolean {
  const { op } = tensor;
  return (
    isNormalized(tensor) || (op.kind === 'primitive' && op.primitive === 'power' && op.attributes.exponent === -0.5)
  );
}

function isScaledNormalized(tensor: Tensor): boolean {
  if (isNormalized(tensor)) return true;
  return primitiveOf(tensor) === 'multiply' && tensor.operands.map(behindMoves).some(isNormalized);
}
