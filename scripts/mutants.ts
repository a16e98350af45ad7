import { parseArgs } from 'node:util';
import { InputError } from '../src/errors.ts';
import { Copy } from './mutants/copy.ts';
import { mutants } from './mutants/index.ts';
import { byTests, byVerify, type Judge } from './mutants/judges.ts';

// Plants faults one at a time in a copy of the repository, and reports which tests fail.
//
//     npm run mutants                              by the tests that each fault names
//     npm run mutants -- --by verify               by `ntkit verify` alone
//     npm run mutants -- --only wasm/ --only nn/   those whose names begin so
//
// A table, and no generator of mutants as Stryker is one: it mutates TypeScript, while half of the kernels are
// AssemblyScript or text for graphics devices; and of thousands of changed operators most say nothing about mathematics.
// The table holds mistakes that people make: a wrong factor, a wrong side of a kink, an option that is not passed on.

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, by: { type: 'string', default: 'tests' } },
});
const judges: Readonly<Record<string, Judge>> = { tests: byTests, verify: byVerify };
if (!Object.hasOwn(judges, values.by)) throw new InputError(`--by: expected tests or verify, got ${values.by}`);
const judge = judges[values.by];
const chosen = mutants.filter(({ name }) => values.only?.some((begin) => name.startsWith(begin)) ?? true);
if (chosen.length === 0) throw new InputError(`--only: expected the beginning of a name, got ${values.only?.join()}`);

const copy = await Copy.make();
const counts = new Map<string, { killed: number; all: number }>();
const survivors: string[] = [];
try {
  const sound = chosen.filter((mutant) => judge.judges(mutant));
  await judge.checkSound(copy, sound);
  for (const mutant of sound) {
    const began = performance.now();
    const killer = await copy.with(mutant, () => judge.killerOf(copy, mutant));
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${killer ? 'killed  ' : 'SURVIVED'} ${mutant.name} (${seconds} s)${killer ? `: ${killer}` : ''}`);
    if (!killer) survivors.push(mutant.name);
    const [layer] = mutant.name.split('/');
    const { killed, all } = counts.get(layer) ?? { killed: 0, all: 0 };
    counts.set(layer, { killed: killed + (killer ? 1 : 0), all: all + 1 });
  }
} finally {
  await copy.remove();
}
for (const [layer, { killed, all }] of counts) console.log(`${layer.padEnd(10)} ${killed} of ${all}`);
const all = [...counts.values()].reduce((sum, count) => sum + count.all, 0);
console.log(`${all - survivors.length} of ${all} killed by ${values.by}`);
for (const name of survivors) console.log(`survived: ${name}`);
process.exitCode = survivors.length > 0 ? 1 : 0;
