import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as ntkit from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import * as ntk from '../../src/ntk/index.ts';
import * as tensor from '../../src/tensor/index.ts';
import * as training from '../../src/training/index.ts';
import { type Page, parse } from './snippets.ts';

// The examples in the documentation of functions: TypeScript after `@example`. What an example names and an entry exports
// is imported, and `network`, a small perceptron, `images`, a batch of four, and `generator` are there.

const root = fileURLToPath(new URL('../../', import.meta.url));

const GIVEN = `
const generator = new Generator(0);
const network = new Sequential(new Linear(5, 16), new ReLU(), new Linear(16, 3));
initialize(network, pytorchDefault, generator);
const images = generator.normals([4, 5]);
`;

/** A function that an entry exports. */
export interface DocumentedFunction {
  readonly name: string;
  readonly examples: readonly string[];
}

/** The functions that a source file exports, and those that it exports of others. */
export function exportedFunctions(entry: string): DocumentedFunction[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: object };
  const { fileNames, options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: [entry] },
    ts.sys,
    root,
  );
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(root + entry)!)!;
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!(symbol.flags & ts.SymbolFlags.Function)) return [];
    const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === 'example');
    return [{ name: exported.name, examples: tags.map(({ text }) => ts.displayPartsToString(text)) }];
  });
}

/** An example as a page whose code can be compiled and run. */
export function pageOf(name: string, example: string): Page {
  const code = /^import /m.test(example) ? example : `${GIVEN}{\n${example}\n}\n`;
  const known = { ntkit, 'ntkit/nn': nn, 'ntkit/ntk': ntk, 'ntkit/tensor': tensor, 'ntkit/training': training };
  const imported = new Set<string>();
  const imports = Object.entries(known).map(([from, entry]) => {
    const names = Object.keys(entry).filter((each) => !imported.has(each) && new RegExp(`\\b${each}\\b`).test(code));
    for (const each of names) imported.add(each);
    return names.length === 0 ? '' : `import { ${names.join(', ')} } from '${from}';\n`;
  });
  return parse(name, `\`\`\`ts\n${imports.join('')}${code}\n\`\`\``);
}
