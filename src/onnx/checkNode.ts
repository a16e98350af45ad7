import type { NodeProto } from 'onnx-buf';
import { InputError } from '../tensor/index.ts';
import { type Signature, signatureOf, signatures } from './operators/signatures.ts';

/**
 * Makes sure that a node has what its operator takes in an operator set, and nothing else: an attribute that is passed over
 * is another number without a word.
 *
 * @param where names the node in messages.
 * @throws InputError when an attribute is unknown or missing, or there are too few or too many inputs or outputs.
 */
export function checkNode({ opType, input, output, attribute }: NodeProto, opset: number, where: string): void {
  const signature = signatureOf(opType, opset);
  const names = new Set(attribute.map(({ name }) => name));
  for (const name of names) {
    if (signature.attributes.has(name) || isIdle(opType, name)) continue;
    const known = [...signature.attributes].join(', ') || 'no attributes';
    throw new InputError(`${where}: attributes in operator set ${opset}: expected ${known}, got ${name}`);
  }
  if (names.size < attribute.length) {
    throw new InputError(`${where}: expected each attribute once, got ${attribute.map(({ name }) => name).join(', ')}`);
  }
  const absent = signature.required.find((name) => !names.has(name));
  if (absent !== undefined) throw new InputError(`${where}: attribute ${absent}: expected a value, got none`);
  const given = input.findLastIndex((name) => name !== '') + 1;
  if (given < signature.leastInputs || given > signature.mostInputs) {
    throw new InputError(`${where}: expected ${inputsOf(signature)} in operator set ${opset}, got ${given}`);
  }
  const results = output.findLastIndex((name) => name !== '') + 1;
  if (results > signature.mostOutputs) {
    throw new InputError(`${where}: expected at most ${signature.mostOutputs} outputs, got ${results}`);
  }
}

/** Whether an attribute changes nothing in some version of an operator: exporters write it in others, too. */
function isIdle(operator: string, name: string): boolean {
  return signatures.get(operator)!.some(({ idle }) => idle.has(name));
}

function inputsOf({ leastInputs, mostInputs }: Signature): string {
  if (mostInputs === Infinity) return `at least ${leastInputs} inputs`;
  return leastInputs === mostInputs ? `${leastInputs} inputs` : `${leastInputs} to ${mostInputs} inputs`;
}
