import { writeFile } from 'node:fs/promises';
import { figures, filesOf } from './figures/index.ts';

// Writes the figures of docs/guide, all or those named: `npm run figures -- tree-and-graph`.

const named = process.argv.slice(2);
for (const [name, make] of Object.entries(figures)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const start = performance.now();
  for (const [file, svg] of filesOf(name, await make())) {
    await writeFile(new URL(`../docs/guide/figures/${file}`, import.meta.url), svg);
  }
  console.log(`${name}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
