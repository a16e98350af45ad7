import { InputError, type NDArray } from '../../tensor/index.ts';
import type { SentKernel } from './explainKernel.ts';

/** What a file of tensors holds of a kernel. */
export interface SentTensors {
  /** undefined where the file has none. */
  readonly kernel: SentKernel | undefined;
  /** The batch. */
  readonly input: NDArray | undefined;
}

/** What a case has beside a kernel. */
const OF_A_CASE = /^(state|expected)\./;

/**
 * Reads the tensors of a safetensors file as a kernel that was sent: `ntk`, or a case's `expected.ntk`; `logits`; the rows
 * of J as `rows` or as `rows.NAME`; and `input`.
 *
 * @param where names the file in messages.
 * @throws InputError when a tensor has another name.
 *
 * @example
 * const tensors = new Map([['ntk', ndarray([2, 1, 1, 2], [2, 2])]]);
 * console.log(parseSentTensors(tensors, 'sent.safetensors').kernel?.ntk.shape); // [ 2, 2 ]
 */
export function parseSentTensors(tensors: ReadonlyMap<string, NDArray>, where: string): SentTensors {
  const byParameter = new Map<string, NDArray>();
  for (const [name, value] of tensors) {
    if (name.startsWith('rows.')) byParameter.set(name.slice(5), value);
    else if (!['ntk', 'input', 'logits', 'rows'].includes(name) && !OF_A_CASE.test(name)) {
      throw new InputError(`${where}: expected tensors ntk, input, logits, rows and rows.NAME, got ${name}`);
    }
  }
  const [ntk, joined] = [tensors.get('ntk') ?? tensors.get('expected.ntk'), tensors.get('rows')];
  const hasRows = joined !== undefined || byParameter.size > 0;
  return {
    input: tensors.get('input'),
    kernel: ntk && { ntk, logits: tensors.get('logits'), rows: hasRows ? { joined, byParameter } : undefined },
  };
}
