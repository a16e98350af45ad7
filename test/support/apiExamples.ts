import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { programOf, root } from './programs.ts';
import { packages, type Page, parse } from './snippets.ts';

// The examples in the documentation of functions and classes: TypeScript after `@example`. What an example names and an
// entry exports is imported, and what typedoc.md says is given is there. An example that needs what not every computer has
// is a block that is marked `ts no-run`, which is type-checked alone.

/** The blocks of typedoc.md. */
const GIVEN = [...readFileSync(`${root}typedoc.md`, 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => ({
  names: [...code.matchAll(/^const (\w+)/gm)].map(([, name]) => name).join('|'),
  code,
}));

// numpy.savez_compressed(file, x=…, y=…): two images of 2×2 bytes and their labels, 7 and 3.
const NPZ = [
  'UEsDBBQAAAAIAAAAIQDnOlQRUwAAAIgAAAAFABQAeC5ucHkBABAAiAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6',
  'Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CoY6CkDSSFNHoVaBDMDFYJz2/z8DAwMAUEsDBBQAAAAIAAAAIQBylTh+RgAAAIIAAAAF',
  'ABQAeS5ucHkBABAAggAAAAAAAABGAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpA',
  'L5GkY6mjoKtQoUAC52ZgBQSwECFAMUAAAACAAAACEA5zpUEVMAAACIAAAABQAAAAAAAAAAAAAAgAEAAAAAeC5ucHlQSwECFAMUAAAACAAAACEA',
  'cpU4fkYAAACCAAAABQAAAAAAAAAAAAAAgAGKAAAAeS5ucHlQSwUGAAAAAAIAAgBmAAAABwEAAAAA',
].join('');

// An ONNX model of a linear layer, y = x·Wᵀ + b with W = [[10, 1]] and b = [0.5].
const ONNX = [
  'CAgSC250a2l0IHRlc3RzOo0BCjEKAXgKCWZjLndlaWdodAoHZmMuYmlhcxIBeSIER2VtbSoNCgZ0cmFuc0IYAaABAjoAEgVncmFwaCobCAEIAh',
  'ABQglmYy53ZWlnaHRKCAAAIEEAAIA/KhMIARABQgdmYy5iaWFzSgQAAAA/WhQKAXgSDwoNCAESCQoDEgFuCgIIAmIJCgF5EgQKAggBQgQKABAR',
].join('');

/** A function or a class that an entry exports. */
export interface DocumentedExport {
  readonly name: string;
  readonly kind: 'function' | 'class';
  readonly examples: readonly string[];
}

/** What each of some entries exports, or exports of others: all functions, and all classes except those of errors. */
export function documentedExports(entries: readonly string[]): Map<string, DocumentedExport[]> {
  const program = programOf(entries.map(sourceOf));
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
  const [, mark = '', marked = example] = /^```ts( no-run)\n([^]*)```$/.exec(example) ?? [];
  const given = [
    ...GIVEN,
    { names: 'folder', code: `const folder = ${JSON.stringify(folder)};` },
    { names: 'npz', code: bytes('npz', NPZ) },
    { names: 'onnx', code: bytes('onnx', ONNX) },
  ].filter(({ names }) => mentions(example, names));
  const code = `${given.map((each) => each.code).join('\n')}\n{\n${marked}\n}\n`;
  const imported = new Set<string>();
  const imports = [entry, ...Object.keys(packages)].map((from) => {
    const names = Object.keys(packages[from]).filter((each) => !imported.has(each) && mentions(code, each));
    for (const each of names) imported.add(each);
    return names.length === 0 ? '' : `import { ${names.join(', ')} } from '${from}';\n`;
  });
  return parse(name, `\`\`\`ts${mark}\n${imports.join('')}${code}\n\`\`\``);
}

function bytes(name: string, base64: string): string {
  return `const ${name} = Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0));`;
}

/** Whether code has a name in it that is no property's. */
function mentions(code: string, names: string): boolean {
  return new RegExp(`(?:^|[^.\\w]|\\.\\.\\.)(?:${names})\\b`).test(code);
}
