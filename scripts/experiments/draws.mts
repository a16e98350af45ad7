import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvParse } from 'd3-dsv';
import { loadAccuracyTable } from '../../src/node/index.ts';
import { parseGenotype } from '../../src/nn/index.ts';
import { kendallTau } from '../../src/search/index.ts';
import { Generator } from '../../src/tensor/index.ts';

// How far τ between κ and accuracy depends on the draw of weights and images: τ of each of the three draws, and bootstrap
// intervals that resample cells, draws, or both.
//
//     npx tsx scripts/experiments/draws.mts

const rows = csvParse(
  await readFile(fileURLToPath(new URL('../../docs/sweep/random-1000.csv', import.meta.url)), 'utf8'),
);
const table = await loadAccuracyTable();
const accuracy = rows.map((row) => table.of(parseGenotype(row.architecture)).cifar100);
// A κ that is not positive or not a number is that of a cell which no signal passes: the worst.
const draws = [1, 2, 3].map((draw) =>
  rows.map((row) => (Number(row[`kappa_${draw}`]) > 0 ? Number(row[`kappa_${draw}`]) : Infinity)),
);
console.log('each draw:', draws.map((kappa) => kendallTau(kappa, accuracy).toFixed(3)).join(', '));

const generator = new Generator(0).fork('draws');
const all = rows.map((_, i) => i);
function interval(resample: () => readonly [cell: number, draw: number][]): string {
  const taus = Array.from({ length: 1000 }, () => {
    const drawn = resample();
    return kendallTau(
      drawn.map(([cell, draw]) => draws[draw][cell]),
      drawn.map(([cell]) => accuracy[cell]),
    );
  }).sort((a, b) => a - b);
  return `${taus[25].toFixed(3)} … ${taus[974].toFixed(3)}`;
}
const anyCells = () => all.map(() => generator.integer(all.length));
console.log(
  '95 %, cells of the first draw:',
  interval(() => anyCells().map((cell) => [cell, 0])),
);
console.log(
  '95 %, cells, and a draw for each:',
  interval(() => anyCells().map((cell) => [cell, generator.integer(3)])),
);
console.log(
  '95 %, cells, and one draw for all:',
  interval(() => {
    const draw = generator.integer(3);
    return anyCells().map((cell) => [cell, draw]);
  }),
);
