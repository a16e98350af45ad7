import { readdirSync, readFileSync } from 'node:fs';
import { format } from 'node:util';
import { runInThisContext } from 'node:vm';
import ts from 'typescript';
import * as autodiff from '../../src/autodiff/index.ts';
import * as data from '../../src/data/index.ts';
import * as ntkit from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import * as node from '../../src/node/index.ts';
import * as ntk from '../../src/ntk/index.ts';
import * as onnx from '../../src/onnx/index.ts';
import * as report from '../../src/report/index.ts';
import * as search from '../../src/search/index.ts';
import * as tensor from '../../src/tensor/index.ts';
import * as testing from '../../src/testing/index.ts';
import * as training from '../../src/training/index.ts';
import { programOf, root } from './programs.ts';

// The TypeScript in README.md, docs/*.md and docs/guide/*.md. The blocks of a page are one program, in the page's order. A
// block that is marked `ts no-run` is only type-checked. What a `console.log` prints is stated in a comment after it, or, by
// the last of a block, in a block of `text` below.

const entries = { autodiff, data, nn, node, ntk, onnx, report, search, tensor, testing, training };
/** The package's entries by the names that they are imported by. */
export const packages: Readonly<Record<string, object>> = {
  ntkit,
  ...Object.fromEntries(Object.entries(entries).map(([name, module]) => [`ntkit/${name}`, module])),
};
const IMPORT = /^import (?:\{([^}]*)\}|(\* as \w+)) from '([^']+)';\n/gm;

/** A page with TypeScript in it. */
export interface Page {
  /** Its path from the root of the repository. */
  readonly name: string;
  /** The code that runs, without imports. */
  readonly body: string;
  /** The code that does not run, without imports. */
  readonly unrun: readonly string[];
  /** The stated output of each `console.log`, undefined where none is stated. */
  readonly stated: readonly (string | undefined)[];
  /** The imported names by package, each once; `* as name` for a whole package. */
  readonly imports: ReadonlyMap<string, ReadonlySet<string>>;
}

/** All pages, each with the TypeScript that it shows. */
export function pages(): Page[] {
  const inFolder = (folder: string) =>
    readdirSync(root + folder).flatMap((name) => (name.endsWith('.md') ? [`${folder}/${name}`] : []));
  const names = ['README.md', ...inFolder('docs'), ...inFolder('docs/guide')];
  return names
    .map((name) => parse(name, readFileSync(root + name, 'utf8')))
    .filter(({ body, unrun }) => body !== '' || unrun.length > 0);
}

/** The TypeScript in the text of a page. */
export function parse(name: string, text: string): Page {
  const blocks = [...text.matchAll(/^```(ts|typescript)( no-run)?\n([^]*?)^```$(?:\n+```text\n([^]*?)\n```$)?/gm)];
  const imports = new Map<string, Set<string>>();
  for (const [, names = '', namespace, from] of blocks.flatMap(([, , , code]) => [...code.matchAll(IMPORT)])) {
    const known = imports.get(from) ?? new Set();
    imports.set(from, known);
    if (namespace) known.add(namespace);
    for (const each of names.split(',')) if (each.trim() !== '') known.add(each.trim());
  }
  const bodies = blocks.map(([, , mark, code, below]) => ({ mark, code: code.replace(IMPORT, ''), below }));
  return {
    name,
    body: bodies.flatMap(({ mark, code }) => (mark ? [] : [code])).join('\n'),
    unrun: bodies.flatMap(({ mark, code }) => (mark ? [code] : [])),
    stated: bodies.flatMap(({ mark, code, below }) => (mark ? [] : statedIn(code, below))),
    imports,
  };
}

/**
 * What a block says that it prints: the comment after each `console.log`, which is on its line or is the lines below; for the
 * last one the text below the block.
 */
function statedIn(code: string, below: string | undefined): (string | undefined)[] {
  const prints = code.matchAll(/console\.log\([^]*?\);(?: \/\/ (.*)|((?:\n\/\/.*)+))?$/gm);
  const comments = [...prints].map(([, comment, lines]) => comment ?? lines?.slice(1).replaceAll(/^\/\/ ?/gm, ''));
  return below === undefined ? comments : [...comments.slice(0, -1), below];
}

/** The errors that the compiler finds in pages, with the settings of the repository. */
export function typeErrors(all: readonly Page[]): string[] {
  const sources = new Map(all.map((page) => [`${root}test/${page.name.replaceAll('/', '-')}.ts`, moduleOf(page)]));
  // Unused names are not errors.
  const program = programOf([], sources, { noUnusedLocals: false });
  return [...sources.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ messageText, start }) => {
      const line = file?.text.slice(start).split('\n', 1)[0];
      return `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${line}`;
    });
  });
}

function moduleOf({ imports, body, unrun }: Page): string {
  // tsconfig.json finds the entries in src.
  const lines = [...imports].flatMap(([from, names]) => {
    const namespaces = [...names].filter((name) => name.startsWith('* as '));
    const named = [...names].filter((name) => !name.startsWith('* as '));
    return [...namespaces, `{ ${named.join(', ')} }`].map((what) => `import ${what} from '${from}';`);
  });
  return [...lines, body, ...unrun.map((code) => `{\n${code}\n}`), 'export {};'].join('\n');
}

/** Runs a page, and returns what it prints. */
export async function run({ name, body, imports }: Page): Promise<string[]> {
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(format(...values));
  const values = [...imports].flatMap(([from, names]) =>
    [...names]
      .filter((each) => !each.startsWith('type '))
      .map((each) => {
        const pattern = each.startsWith('* as ') ? each.slice('* as '.length) : `{ ${each} }`;
        return `const ${pattern} = packages[${JSON.stringify(from)}];`;
      }),
  );
  const source = `(async (packages, console) => { ${values.join(' ')}\n${body}\n})`;
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  const program = runInThisContext(outputText) as (packages: object, console: object) => Promise<void>;
  try {
    await program(packages, { log });
  } catch (error) {
    throw new Error(`${name}: ${String(error)}`, { cause: error });
  }
  return printed;
}
