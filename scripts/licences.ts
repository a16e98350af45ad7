import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** A third-party package, as it describes itself. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** Names of licence files in packages. */
const LICENCE = /^(un)?licen[cs]e|^copying|^notice/i;

/** Licence texts of packages that come without one, under terms other than ntkit's own. */
const TEXTS = new URL('licences/', import.meta.url);
const KEPT: ReadonlyMap<string, string> = new Map([['@bufbuild/protobuf', 'bufbuild-protobuf.txt']]);

/** A file of a package: the package's folder is the part before the rest. */
const IN_PACKAGE = new RegExp(String.raw`^(.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]`);

/**
 * The licences of all packages that files belong to, as one text.
 *
 * @throws Error when a package comes without one.
 */
export async function licencesOf(paths: readonly string[]): Promise<string> {
  const folders = new Set(paths.flatMap((path) => IN_PACKAGE.exec(path)?.[1] ?? []));
  const texts = new Map<string, string>();
  for (const folder of folders) {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
    texts.set(`${manifest.name} ${manifest.version}`, await licenceOf(folder, manifest));
  }
  const sections = [...texts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, text]) => `${title}\n\n${text.trim()}\n`);
  const rule = `\n${'-'.repeat(80)}\n\n`;
  return ['ntkit contains code of the following packages, each under its own licence.\n', ...sections].join(rule);
}

async function licenceOf(folder: string, { name, license, author }: Manifest): Promise<string> {
  const files = (await readdir(folder)).filter((file) => LICENCE.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  if (texts.length > 0) return texts.map((text) => text.trim()).join('\n\n');
  // Some packages only name their licence, whose text is in their repository.
  const kept = KEPT.get(name);
  if (kept !== undefined) return readFile(new URL(kept, TEXTS), 'utf8');
  const holder = typeof author === 'string' ? author : author?.name;
  if (license !== 'MIT' || holder === undefined) {
    throw new Error(`${folder.split(sep).at(-1)}: ${name} (${license}): expected a licence file`);
  }
  const own = await readFile(new URL('../LICENSE', import.meta.url), 'utf8');
  return own.trim().replace(/^Copyright .*$/m, `Copyright (c) ${holder}`);
}
