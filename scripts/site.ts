import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build as buildPage } from 'vite';
import { build as buildPages } from 'vitepress';

// Builds the documentation site into docs/.vitepress/dist, for any host of static files: the pages of docs/ and its
// guide, the API reference under api/, the laboratory under lab/, and the pages that long runs wrote.
// `npm run site -- --base /ntkit/` is for a host that serves it from a folder.

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { base: { type: 'string', default: '/' } } });
if (!/^\/([^?#]*\/)?$/.test(values.base)) {
  console.error(`site: --base: expected a path that begins and ends with /, got ${JSON.stringify(values.base)}`);
  process.exit(2);
}

const site = `${root}docs/.vitepress/dist`;
execFileSync('npm', ['run', '-s', 'docs'], { cwd: root, stdio: 'inherit' });
await buildPages(`${root}docs`, { base: values.base });
await buildPage({ configFile: `${root}web/vite.config.ts`, build: { outDir: `${site}/lab`, emptyOutDir: true } });
for (const folder of ['search', 'sweep']) cpSync(`${root}docs/${folder}`, `${site}/${folder}`, { recursive: true });
