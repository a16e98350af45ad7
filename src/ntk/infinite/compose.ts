import { InputError, ShapeError } from '../../errors.ts';
import { Identity, Sequential } from '../../nn/index.ts';
import { atMost, type Covariances } from './covariances.ts';
import { checkMap, type KernelMap } from './kernelMap.ts';
import { formatSignal, type Spatial, visited } from './signal.ts';
import { BranchSum } from './modules.ts';

/** What comes in, unchanged: the shortcut of a residual sum. */
export function identity(): KernelMap {
  return {
    name: 'identity',
    infer: visited,
    needs: (wanted) => wanted,
    apply: (input, wanted) => atMost(input, wanted),
    network: () => new Identity(),
  };
}

/**
 * Maps one after another.
 *
 * @throws InputError when one is none.
 *
 * @example
 * const block = serial(relu(), conv(64, 3, { padding: 'same' }));
 * serial(conv(64, 3), fanInSum(block, identity()), flatten(), dense(10));
 */
export function serial(...maps: KernelMap[]): KernelMap {
  maps.forEach((map, i) => checkMap(`serial: ${i}`, map));
  const last = maps.length - 1;
  /** What each map is wanted for. */
  const wantedOf = (wanted: Spatial): Spatial[] => {
    const all = maps.map(() => wanted);
    for (let i = last; i > 0; i--) all[i - 1] = maps[i].needs(all[i]);
    return all;
  };
  return {
    name: `serial(${maps.map(({ name }) => name).join(', ')})`,
    infer: (signal, visit) => maps.reduce((at, map) => map.infer(at, visit), signal),
    needs: (wanted) => (maps.length === 0 ? wanted : maps[0].needs(wantedOf(wanted)[0])),
    apply: (input, wanted, variances) => {
      const all = wantedOf(wanted);
      const result = maps.reduce((at, map, i) => map.apply(at, all[i], variances), input);
      return atMost(result, wanted);
    },
    network: (signal) => {
      let at = signal;
      return new Sequential(
        ...maps.map((map) => {
          const module = map.network(at);
          at = map.infer(at, () => {});
          return module;
        }),
      );
    },
  };
}

/**
 * The sum of branches that have one input, as in a residual block: neural-tangents' `FanOut`, `parallel` and `FanInSum` in
 * one. Kernels add up, where no two branches have a covariance: at most one may lack a linear layer of its own behind its
 * last non-linearity.
 *
 * @throws InputError when there is no branch, or one is none; when two branches have a covariance; ShapeError when their
 * outputs differ in shape.
 *
 * @example
 * fanInSum(serial(relu(), dense(512)), identity());
 */
export function fanInSum(...branches: KernelMap[]): KernelMap {
  if (branches.length === 0) throw new InputError('fanInSum: expected at least one branch, got none');
  branches.forEach((map, i) => checkMap(`fanInSum: ${i}`, map));
  return {
    name: `fanInSum(${branches.map(({ name }) => name).join(', ')})`,
    infer: (signal, visit) => {
      // Weights before the branches are shared by them.
      const outputs = branches.map((map) => map.infer({ ...signal, centred: false }, visit));
      const [first] = outputs;
      const other = outputs.find((each) => formatSignal(each) !== formatSignal(first));
      if (other) {
        throw new ShapeError(
          `fanInSum: expected branches of one shape, got ${formatSignal(first)} and ${formatSignal(other)}`,
        );
      }
      const open = outputs.filter(({ centred }) => !centred);
      if (open.length > 1) {
        throw new InputError(
          `fanInSum: expected at most one branch without a linear layer of its own at its end, ` +
            `got ${open.map(({ source }) => source).join(' and ')}: their covariance has no formula`,
        );
      }
      const gaussian = outputs.every((each) => each.gaussian);
      const centred = branches.every((map) => map.infer(signal, () => {}).centred);
      return visited({ ...first, gaussian, centred, source: 'fanInSum' }, visit);
    },
    needs: (wanted) => (branches.some((map) => map.needs(wanted) === 'all') ? 'all' : 'same'),
    apply: (input, wanted, variances) => {
      const outputs = branches.map((map) => map.apply(input, wanted, variances));
      return {
        ...outputs[0],
        nngp: sum(outputs, ({ nngp }) => nngp),
        ntk: sum(outputs, ({ ntk }) => ntk),
      };
    },
    network: (signal) => new BranchSum(branches.map((map) => map.network(signal))),
  };
}

function sum(outputs: readonly Covariances[], of: (output: Covariances) => Float64Array): Float64Array {
  return of(outputs[0]).map((_, i) => outputs.reduce((total, output) => total + of(output)[i], 0));
}
