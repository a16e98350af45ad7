import type { NDArray } from '../tensor/index.ts';

/** Names by the entry of the package that they are imported from. */
export type Imports = Readonly<Record<string, readonly string[]>>;

/** A piece of TypeScript. */
export interface Snippet {
  readonly imports: Imports;
  /** Statements before the expression. */
  readonly lines?: readonly string[];
  readonly expression: string;
  /** Statements after what the expression made has its name. */
  readonly then?: readonly string[];
  /** Statements that free what the expression made. */
  readonly after?: readonly string[];
}

/** Where no code makes the subject: the user's own, under a name that they fill in. */
const OWN_SUBJECT: Snippet = { imports: { './subject.ts': ['subject'] }, expression: 'subject' };

/** A program that tries one case of a law. It ends with the failure that the last line tells. */
export function programOf(law: string, subject: Snippet = OWN_SUBJECT, drawn: Snippet, message: string): string {
  const own: Imports = { 'ntkit/testing': ['checkLaw'] };
  const made = subject.expression === 'subject' ? [] : [`const subject = ${subject.expression};`];
  return [
    ...importsOf([own, subject.imports, drawn.imports]),
    '',
    ...(subject.lines ?? []),
    ...made,
    ...(drawn.lines ?? []),
    `const drawn = ${drawn.expression};`,
    ...(drawn.then ?? []),
    ...tried(law, subject.after ?? []),
    `// ${message}`,
    '',
  ].join('\n');
}

function tried(law: string, after: readonly string[]): string[] {
  const check = `await checkLaw(${literal(law)}, subject, drawn);`;
  if (after.length === 0) return [check];
  return ['try {', `  ${check}`, '} finally {', ...after.map((line) => `  ${line}`), '}'];
}

function importsOf(all: readonly Imports[]): string[] {
  const names = new Map<string, Set<string>>();
  for (const [from, each] of all.flatMap((imports) => Object.entries(imports))) {
    names.set(from, new Set([...(names.get(from) ?? []), ...each]));
  }
  return [...names].map(([from, each]) => `import { ${[...each].sort().join(', ')} } from '${from}';`);
}

/** A value as TypeScript writes it: numbers, texts, lists and plain objects of them. */
export function literal(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([name, each]) =>
      each === undefined ? [] : [[name, each] as const],
    );
    if (entries.length === 0) return '{}';
    return `{ ${entries.map(([name, each]) => `${/^\w+$/.test(name) ? name : literal(name)}: ${literal(each)}`).join(', ')} }`;
  }
  return String(value);
}

/** An array as `ndarray` makes it. */
export function arrayLiteral({ data, shape, dtype }: NDArray): string {
  const precision = dtype === 'float64' ? '' : `, ${literal(dtype)}`;
  return `ndarray(${literal([...data])}, ${literal(shape)}${precision})`;
}
