import { writeFile } from 'node:fs/promises';
import { figures } from './figures/index.ts';

// Writes the figures of docs/guide, all or those named: `npm run figures -- tree-and-graph`.

const named = process.argv.slice(2);
for (const [name, make] of Object.entries(figures)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const start = performance.now();
  await writeFile(new URL(`../docs/guide/figures/${name}.svg`, import.meta.url), await make());
  console.log(`${name}.svg, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
