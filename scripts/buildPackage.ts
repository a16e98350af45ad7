import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { WORKER_SCRIPT } from '../src/tensor/backends/wasm/generated/workerScript.ts';
import { buildLab } from './buildLab.ts';
import { licencesOf } from './licences.ts';

// The library is compiled file by file, so that a page's bundler leaves out what the page does not use. Third-party
// libraries are not dependencies of the package: files that import a library are bundled with it. The command is
// bundled, too, in parts that are loaded by the subcommand that needs them, and includes the laboratory's page.

const root = fileURLToPath(new URL('..', import.meta.url));

/** Never bundled into the library: optional peer dependencies. */
const PEERS = ['gpu.js', 'fast-check', 'bullmq', 'ioredis'];

/** Never bundled into the command, either, which includes the other peer. */
const COMMAND_PEERS = ['gpu.js', 'bullmq', 'ioredis'];

/** The part of package.json that says what can be imported. */
interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

/** Writes the package's `dist`. */
export async function buildPackage(folder: string): Promise<void> {
  const out = resolve(root, folder);
  await rm(out, { recursive: true, force: true });
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', out], { cwd: root, stdio: 'inherit' });
  const written = (await readdir(out, { recursive: true })).map((name) => join(out, name));
  await keepDeclarations(
    out,
    written.filter((path) => path.endsWith('.d.ts')),
  );

  const modules = written.filter((path) => path.endsWith('.js'));
  const withLibraries: string[] = [];
  for (const path of modules) if (librariesAmong(await importsOf(path)).length > 0) withLibraries.push(path);
  await withoutComments(
    out,
    modules.filter((path) => !withLibraries.includes(path)),
  );
  const inNode = (path: string) => path.startsWith(join(out, 'node'));
  const others = withLibraries.filter((path) => !inNode(path));
  const made = await bundleLibraries(out, others, FOR_PAGES);
  const all = [
    made,
    await bundleLibraries(out, withLibraries.filter(inNode), FOR_NODE),
    await bundleCommand(out, loadedLater(made)),
  ];
  await writeFile(join(out, 'worker.js'), WORKER_SCRIPT);
  await writeFile(join(out, 'worker.d.ts'), 'export {};\n');
  const page = await buildLab(join(out, 'lab'));
  await writeFile(join(out, 'THIRD-PARTY-LICENSES.txt'), await licencesOf([...all.flatMap(inputsOf), ...page]));
}

const COMMON = {
  ...{ bundle: true, splitting: true, format: 'esm', target: 'es2022', logLevel: 'warning' },
  ...{ legalComments: 'none', external: PEERS, minify: true },
} as const satisfies BuildOptions;

const FOR_NODE: BuildOptions = {
  ...{ platform: 'node', target: 'node20' },
  // Bundled CommonJS modules call `require` for Node's own.
  banner: {
    js: "import { createRequire as requireOfFile } from 'node:module'; const require = requireOfFile(import.meta.url);",
  },
};

const FOR_PAGES: BuildOptions = { platform: 'browser' };

/** Removes comments and white space from files: they are for readers of the source; users have the declarations. */
async function withoutComments(out: string, entryPoints: string[]): Promise<void> {
  await build({
    entryPoints,
    outdir: out,
    outbase: out,
    allowOverwrite: true,
    format: 'esm',
    legalComments: 'none',
    minifyWhitespace: true,
  });
  for (const path of entryPoints) await markImports(path);
}

/** What the compiler makes of an import of a name that is known only at run time: it might be that of a `.ts` file. */
const IMPORT_OF_NAME = /\bimport\(__rewriteRelativeImportExtension\((\w+)\)\)/g;

/**
 * Restores the comments that tell bundlers to leave imports of libraries by name, which were removed with the others.
 */
async function markImports(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const marked = text.replace(IMPORT_OF_NAME, 'import(/* @vite-ignore */ /* webpackIgnore: true */ $1)');
  if (marked !== text) await writeFile(path, marked);
}

/** Bundles files with the libraries that they import; code that several import becomes separate files. */
async function bundleLibraries(out: string, entryPoints: string[], options: BuildOptions): Promise<Metafile> {
  if (entryPoints.length === 0) return { inputs: {}, outputs: {} };
  const own: Plugin = {
    name: 'files of the library stay files',
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) =>
        importer.startsWith(out) ? { path, external: true } : undefined,
      );
    },
  };
  const { metafile } = await build({
    ...{ ...COMMON, ...options, metafile: true, entryPoints, outdir: out, outbase: out, allowOverwrite: true },
    ...{ chunkNames: 'third-party/[name]-[hash]', plugins: [own], nodePaths: [join(root, 'node_modules')] },
  });
  return metafile;
}

/** Libraries in files of their own, because they are loaded on demand: their new paths by their old ones. */
function loadedLater({ outputs }: Metafile): ReadonlyMap<string, string> {
  const entries = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint !== undefined && entryPoint.includes('node_modules')
      ? [[resolve(entryPoint), resolve(path)] as const]
      : [],
  );
  return new Map(entries);
}

/**
 * Modules that the library loads on demand, the command loads from the same files, so that kernels and plots are not in
 * the package twice.
 *
 * @param later libraries that the library loads when they are needed.
 */
async function bundleCommand(out: string, later: ReadonlyMap<string, string>): Promise<Metafile> {
  const shared: Plugin = {
    name: 'what is loaded later is that of the library',
    setup(build) {
      build.onResolve({ filter: /\/generated\// }, ({ path, resolveDir }) => {
        const there = join(out, relative(join(root, 'src'), join(resolveDir, path))).replace(/\.ts$/, '.js');
        return { path: relative(join(out, 'cli'), there), external: true };
      });
      build.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...options }) => {
        if (options.kind !== 'dynamic-import' || pluginData === 'asked') return undefined;
        const found = await build.resolve(path, { ...options, pluginData: 'asked' });
        const there = later.get(found.path);
        return there === undefined ? found : { path: relative(join(out, 'cli'), there), external: true };
      });
    },
  };
  const { metafile } = await build({
    ...{
      ...COMMON,
      ...FOR_NODE,
      external: COMMAND_PEERS,
      metafile: true,
      entryPoints: [join(root, 'src/cli/main.ts')],
      outdir: join(out, 'cli'),
    },
    plugins: [shared],
    chunkNames: '[name]-[hash]', // beside main.js, so that paths relative to a file are the same from each of them
  });
  await chmod(join(out, 'cli/main.js'), 0o755);
  return metafile;
}

/** The specifiers of a file's static and dynamic imports. */
async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  const { importedFiles } = ts.preProcessFile(text, true, path.endsWith('.js'));
  // It passes over `export * as name from`.
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  const exported = statements.flatMap((statement) => {
    const from = ts.isExportDeclaration(statement) ? statement.moduleSpecifier : undefined;
    return from && ts.isStringLiteral(from) ? [from.text] : [];
  });
  return [...new Set([...importedFiles.map(({ fileName }) => fileName), ...exported])];
}

/** The libraries among the imports. */
function librariesAmong(names: readonly string[]): string[] {
  return names.filter((name) => !/^(\.|node:)/.test(name) && !PEERS.includes(name));
}

/**
 * Keeps the declarations that those of an entry refer to; the others are unused.
 *
 * @throws Error when one refers to a library, which users would have to install.
 */
async function keepDeclarations(out: string, paths: readonly string[]): Promise<void> {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as PackageJson;
  const entries = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [entry.types]));
  const reached = new Set(entries.map((types) => join(out, relative('dist', types))));
  for (const path of reached) {
    if (path === join(out, 'worker.d.ts')) continue; // written by hand
    const names = await importsOf(path);
    const [library] = librariesAmong(names);
    if (library !== undefined) throw new Error(`${relative(root, path)}: expected types of our own, got ${library}`);
    const own = names.filter((name) => name.startsWith('.'));
    for (const name of own) reached.add(join(path, '..', name.replace(/\.[jt]s$/, '.d.ts')));
  }
  for (const path of paths) if (!reached.has(path)) await rm(path);
}

/** The absolute paths of the files that were read, without those that contributed nothing. */
function inputsOf({ outputs }: Metafile): string[] {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return used.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [resolve(path)] : []));
}
