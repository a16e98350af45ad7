import { InputError } from '../../src/errors.ts';

/** A fault to plant: one text of one file, and its replacement. */
export interface Mutant {
  /** What it breaks, in a few words; the part before the slash is the layer. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Text that the file holds exactly once. */
  readonly text: string;
  readonly becomes: string;
  /** The test files that are expected to fail. */
  readonly tests: readonly string[];
  /** The backend that `ntkit verify` checks; its default where none is given. */
  readonly backend?: 'reference' | 'wasm' | 'gpu';
  /** Why the laws of `ntkit verify` do not apply. */
  readonly beyondLaws?: string;
}

/** What all mutants of a part of the table have in common. */
type Common = Pick<Mutant, 'file'> & Partial<Pick<Mutant, 'tests' | 'backend' | 'beyondLaws'>>;

/** The properties of one mutant of a file. */
type Own = Pick<Mutant, 'name' | 'text' | 'becomes'> & Partial<Pick<Mutant, 'tests' | 'beyondLaws'>>;

/** Mutants of one file. */
export function mutantsOf(common: Common, own: readonly Own[]): Mutant[] {
  return own.map((mutant) => ({ tests: [], ...common, ...mutant }));
}

/**
 * A file's source with the fault.
 *
 * @throws InputError when the text does not occur exactly once: the file has changed, and so must the table.
 */
export function plant(source: string, { name, file, text, becomes }: Mutant): string {
  const count = source.split(text).length - 1;
  if (count !== 1) {
    throw new InputError(`mutant ${name}: ${file}: expected ${JSON.stringify(text)} once, got it ${count} times`);
  }
  return source.replace(text, () => becomes);
}
