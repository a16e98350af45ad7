import { formatShape, InputError, type NDArray, sameShape } from '../tensor/index.ts';
import type { Module, Variable } from './module.ts';

/** The values of a network's parameters and buffers, by PyTorch name. */
export function stateDict(network: Module): Map<string, NDArray> {
  return new Map([...variablesOf(network)].map(([name, { value }]) => [name, value]));
}

/**
 * Sets every parameter and buffer of a network by name. Nothing is set unless everything fits. PyTorch's counters
 * `num_batches_tracked` are known and ignored.
 *
 * @param where names the state in messages.
 * @throws InputError when a name is missing or unexpected, or a shape differs.
 */
export function loadStateDict(network: Module, state: ReadonlyMap<string, NDArray>, where = 'state'): void {
  const variables = variablesOf(network);
  const missing = [...variables.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter(
    (name) => !variables.has(name) && !/(^|\.)num_batches_tracked$/.test(name),
  );
  if (missing.length > 0 || unexpected.length > 0) {
    throw new InputError(`${where}: ${list('missing', missing)}${list('unexpected', unexpected)}`.replace(/; $/, ''));
  }
  for (const [name, variable] of variables) {
    const { shape } = state.get(name)!;
    if (!sameShape(shape, variable.shape)) {
      throw new InputError(
        `${where}: ${name}: expected shape ${formatShape(variable.shape)}, got ${formatShape(shape)}`,
      );
    }
  }
  for (const [name, variable] of variables) variable.value = state.get(name)!;
}

function variablesOf(network: Module): Map<string, Variable> {
  return new Map([...network.namedParameters(), ...network.namedBuffers()]);
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 3).join(', ');
  return `${what} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ''}; `;
}
