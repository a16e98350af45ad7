import type { KernelComputation } from './computation.ts';
import type { ComputedMistake } from './mistake.ts';
import type { Role, RoledParameter } from './roles.ts';

/** A mistake that changes how often some parameters count. */
function recounted(
  kind: string,
  name: string,
  explanation: string,
  count: (before: number, at: number) => number,
): ComputedMistake {
  return {
    ...{ kind, name, explanation, isOfNetwork: false },
    apply: (computation: KernelComputation) => {
      const counts = computation.counts.map(count);
      const isSame = counts.every((each, i) => each === computation.counts[i]);
      return isSame || counts.every((each) => each === 0) ? undefined : { ...computation, counts };
    },
  };
}

/** Parameters that are in or out of J as a group. */
const GROUPS: readonly { readonly kind: string; readonly what: string; readonly roles: readonly Role[] }[] = [
  { kind: 'biases', what: 'all biases, those of normalisations (β) among them,', roles: ['bias', 'beta'] },
  { kind: 'biases', what: 'biases of convolutions and linear layers', roles: ['bias'] },
  { kind: 'biases', what: 'β of normalisations', roles: ['beta'] },
  { kind: 'gamma', what: 'γ of normalisations', roles: ['gamma'] },
  { kind: 'gamma', what: 'γ and β of normalisations', roles: ['gamma', 'beta'] },
];

/** Which parameters J has columns of. */
export function parameterMistakes(parameters: readonly RoledParameter[]): ComputedMistake[] {
  const groups = GROUPS.flatMap(({ kind, what, roles }) => {
    const isOne = (at: number) => roles.includes(parameters[at].role);
    return [
      recounted(
        kind,
        `${what} are in the kernel`,
        `J has columns for ${what} which this kernel is not of. Choose parameters by their names before gradients are put side by side.`,
        (before, at) => (isOne(at) ? Math.max(1, before) : before),
      ),
      recounted(
        kind,
        `${what} are not in the kernel`,
        `J lacks the columns of ${what} which this kernel is of, too. Look at the condition that chooses parameters.`,
        (before, at) => (isOne(at) ? 0 : before),
      ),
    ];
  });
  const shared = parameters.flatMap(({ name, uses }, place) =>
    uses < 2
      ? []
      : [
          recounted(
            'shared twice',
            `${name} counts ${uses} times`,
            `The parameter is used in ${uses} places, and J has its columns once for each. Its gradient is the sum over all uses already: ` +
              'list every parameter once (PyTorch: named_parameters() without remove_duplicate=False).',
            (before, at) => (at === place ? before * uses : before),
          ),
        ],
  );
  const all = recounted(
    'shared twice',
    'every shared parameter counts once for each of its uses',
    'J has the columns of a shared parameter once for each use. List every parameter once: its gradient is the sum over all uses already.',
    (before, at) => before * parameters[at].uses,
  );
  const each = parameters.flatMap(({ name }, place) => [
    recounted(
      'left out',
      `${name} is left out`,
      'J lacks the columns of this tensor. It may be frozen (requires_grad), not registered, or its gradient was None and was skipped.',
      (before, at) => (at === place ? 0 : before),
    ),
    recounted(
      'one too many',
      `${name} is in the kernel`,
      'J has the columns of this tensor, which this kernel is not of. Look at the condition that chooses parameters.',
      (before, at) => (at === place ? Math.max(1, before) : before),
    ),
    recounted(
      'counted twice',
      `${name} counts twice`,
      'J has the columns of this tensor two times: it is listed under two names, or its rows are put side by side twice.',
      (before, at) => (at === place && parameters[at].uses < 2 ? 2 * before : before),
    ),
  ]);
  return [...groups, ...shared, ...(shared.length > 1 ? [all] : []), ...each];
}
