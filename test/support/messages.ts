import { expect } from 'vitest';
import { InputError } from '../../src/errors.ts';

/** Asserts that a call, or a promise, fails as bad input with exactly this message. */
export function expectInputError(call: () => unknown, message: string): void {
  expect(call).toThrow(InputError);
  expect(call).toThrow(new InputError(message));
}

/** The same for what a promise rejects with. */
export async function expectInputRejection(promise: Promise<unknown>, message: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toBe(message);
}
