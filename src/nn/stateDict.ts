import { formatValue } from '../check.ts';
import { checkArray, checkShape, formatShape, InputError, type NDArray, sameShape } from '../tensor/index.ts';
import { checkModule, type Module } from './module.ts';
import type { Buffer, Parameter } from './parameter.ts';

/**
 * The values of a network's parameters and buffers, by PyTorch name; a shared one under each of its names.
 *
 * @throws InputError when a parameter has no value yet.
 *
 * @example
 * console.log([...stateDict(network).keys()]); // [ '0.weight', '0.bias', '2.weight', '2.bias' ]
 */
export function stateDict(network: Module): Map<string, NDArray> {
  checkModule('stateDict: network', network);
  return new Map([...network.namedState()].map(([name, { value }]) => [name, value]));
}

/**
 * Sets every parameter and buffer of a network by name. Either everything fits and is set, or nothing is. PyTorch's counters
 * `num_batches_tracked` are known and ignored. A shared parameter may stand under some or all of its names.
 *
 * @param where names the state in messages.
 * @throws InputError when a name is missing or unexpected, a shape differs, a shared parameter has two values, or a value is
 * NaN, infinite, or a negative running variance. Names and shapes are compared before any value is read.
 *
 * @example
 * const copy = new Sequential(new Linear(5, 16), new ReLU(), new Linear(16, 3));
 * loadStateDict(copy, stateDict(network));
 * console.log(stateDict(copy).get('2.bias')!.shape); // [ 3 ]
 */
export function loadStateDict(network: Module, state: ReadonlyMap<string, NDArray>, where = 'state'): void {
  checkModule('loadStateDict: network', network);
  // Not by its class: the tensors of a file are read as they are asked for.
  if (typeof (Object(state) as typeof state).has !== 'function' || typeof state.keys !== 'function') {
    throw new InputError(`${where}: expected a Map from names to arrays, got ${formatValue(state)}`);
  }
  const variables = network.namedState();
  const given = new Set([...variables].flatMap(([name, variable]) => (state.has(name) ? [variable] : [])));
  const missing = [...variables].flatMap(([name, variable]) => (given.has(variable) ? [] : [name]));
  const unexpected = [...state.keys()].filter(
    (name) => !variables.has(name) && !/(^|\.)num_batches_tracked$/.test(name),
  );
  if (missing.length > 0 || unexpected.length > 0) {
    throw new InputError(`${where}: ${list('missing', missing)}${list('unexpected', unexpected)}`.replace(/; $/, ''));
  }
  for (const [name, { shape }] of variables) {
    const value = state.get(name);
    if (value === undefined) continue;
    checkShape(`${where}: ${name}`, (Object(value) as NDArray).shape);
    if (!sameShape(value.shape, shape)) {
      throw new InputError(`${where}: ${name}: expected shape ${formatShape(shape)}, got ${formatShape(value.shape)}`);
    }
  }
  const accepted = new Map<Parameter | Buffer, { readonly name: string; readonly value: NDArray }>();
  for (const [name, variable] of variables) {
    const value = state.get(name);
    if (value === undefined) continue;
    checkValues(value, name, where);
    const first = accepted.get(variable);
    if (first === undefined) accepted.set(variable, { name, value });
    else checkSame(where, first, { name, value });
  }
  for (const [variable, { value }] of accepted) variable.value = value;
}

/** No network computes with NaN or infinity, and no normalisation with a variance below 0. */
function checkValues(value: NDArray, name: string, where: string): void {
  checkArray(`${where}: ${name}`, value);
  const { data } = value;
  const bad = data.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) throw new InputError(`${where}: ${name}: expected finite numbers, got ${data[bad]} at element ${bad}`);
  if (!/(^|\.)running_var$/.test(name)) return;
  const negative = data.findIndex((x) => x < 0);
  if (negative >= 0) {
    throw new InputError(`${where}: ${name}: expected variances ≥ 0, got ${data[negative]} at element ${negative}`);
  }
}

interface Named {
  readonly name: string;
  readonly value: NDArray;
}

function checkSame(where: string, first: Named, second: Named): void {
  const { data } = first.value;
  const differs = data.findIndex((x, i) => !Object.is(x, second.value.data[i]));
  if (differs >= 0) {
    throw new InputError(
      `${where}: ${first.name} and ${second.name} are one shared parameter, expected the same values, ` +
        `got ${data[differs]} and ${second.value.data[differs]} at element ${differs}`,
    );
  }
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 3).join(', ');
  return `${what} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ''}; `;
}
