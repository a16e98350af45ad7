import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { packages, type Page, parse } from './snippets.ts';

// The examples in the documentation of functions and classes: TypeScript after `@example`. What an example names and an
// entry exports is imported, and `network`, a small perceptron, `images`, a batch of four, `generator` and `folder`, the
// path of an empty folder, are there. An example that needs what not every computer has is a block that is marked
// `ts no-run`, which is type-checked alone.

const root = fileURLToPath(new URL('../../', import.meta.url));

const GIVEN = `
const generator = new Generator(0);
const network = new Sequential(new Linear(5, 16), new ReLU(), new Linear(16, 3));
initialize(network, pytorchDefault, generator);
const images = generator.normals([4, 5]);
`;

/** A function or a class that an entry exports. */
export interface DocumentedExport {
  readonly name: string;
  readonly kind: 'function' | 'class';
  readonly examples: readonly string[];
}

/** What each of some entries exports, or exports of others: all functions, and all classes except those of errors. */
export function documentedExports(entries: readonly string[]): Map<string, DocumentedExport[]> {
  const files = entries.map(sourceOf);
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: object };
  const { fileNames, options } = ts.parseJsonConfigFileContent({ ...config, include: [], files }, ts.sys, root);
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const kindOf = (symbol: ts.Symbol) => {
    const type = checker.getTypeOfSymbol(symbol);
    if (!(symbol.flags & ts.SymbolFlags.Class)) return type.getCallSignatures().length > 0 ? 'function' : undefined;
    return checker.getDeclaredTypeOfSymbol(symbol).getProperty('stack') === undefined ? 'class' : undefined;
  };
  const exportsOf = (entry: string) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(root + sourceOf(entry))!)!;
    // What is exported as a type alone has no value.
    const values = checker.getExportsOfModule(module).filter(({ name }) => Object.hasOwn(packages[entry], name));
    return values.flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const kind = kindOf(symbol);
      if (kind === undefined) return [];
      const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === 'example');
      return [{ name: exported.name, kind, examples: tags.map(({ text }) => ts.displayPartsToString(text)) }] as const;
    });
  };
  return new Map(entries.map((entry) => [entry, exportsOf(entry)]));
}

function sourceOf(entry: string): string {
  return entry === 'ntkit' ? 'src/index.ts' : `${entry.replace('ntkit', 'src')}/index.ts`;
}

/**
 * An example of what an entry exports, as a page whose code can be compiled and run. Names are first those of the entry.
 */
export function pageOf(entry: string, name: string, example: string, folder = ''): Page {
  const given = mentions(example, 'network|images|generator') ? GIVEN : '';
  const files = mentions(example, 'folder') ? `const folder = ${JSON.stringify(folder)};\n` : '';
  const [, mark = '', marked = example] = /^```ts( no-run)\n([^]*)```$/.exec(example) ?? [];
  const code = `${given}${files}{\n${marked}\n}\n`;
  const imported = new Set<string>();
  const imports = [entry, ...Object.keys(packages)].map((from) => {
    const names = Object.keys(packages[from]).filter((each) => !imported.has(each) && mentions(code, each));
    for (const each of names) imported.add(each);
    return names.length === 0 ? '' : `import { ${names.join(', ')} } from '${from}';\n`;
  });
  return parse(name, `\`\`\`ts${mark}\n${imports.join('')}${code}\n\`\`\``);
}

/** Whether code has a name in it that is no property's. */
function mentions(code: string, names: string): boolean {
  return new RegExp(`(?:^|[^.\\w]|\\.\\.\\.)(?:${names})\\b`).test(code);
}
