import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files that are read once, however many programs they are part of. */
const read = new Map<string, ts.SourceFile | undefined>();

/**
 * A program of files of the repository and of texts, with the repository's settings.
 *
 * @param files paths from the root
 * @param texts by absolute paths where no file is
 */
export function programOf(
  files: readonly string[],
  texts: ReadonlyMap<string, string> = new Map(),
  changed: ts.CompilerOptions = {},
): ts.Program {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: object };
  const listed = { ...config, include: [], files: [...files, ...texts.keys()] };
  const { fileNames, options: own } = ts.parseJsonConfigFileContent(listed, ts.sys, root);
  const options = { ...own, ...changed };
  const host = ts.createCompilerHost(options);
  const [getSourceFile, fileExists] = [host.getSourceFile.bind(host), host.fileExists.bind(host)];
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.getSourceFile = (path, target) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, target);
    if (!read.has(path)) read.set(path, getSourceFile(path, target));
    return read.get(path);
  };
  return ts.createProgram(fileNames, options, host);
}
