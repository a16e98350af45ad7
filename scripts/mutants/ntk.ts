import { type Mutant, mutantsOf } from './mutant.ts';

const KERNEL = [
  'test/ntk/selection.test.ts',
  'test/ntk/recipes.test.ts',
  'test/ntk/laws.test.ts',
  'test/ntk/tangentKernel.test.ts',
];

/** Rows, kernels, eigenvalues, κ, linear regions. */
export const ntkMutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'src/ntk/outputs.ts', tests: KERNEL }, [
    {
      name: 'ntk/the sum of outputs is their mean',
      text: 'new Float64Array(count).fill(1)',
      becomes: 'new Float64Array(count).fill(1 / count)',
    },
    {
      name: 'ntk/one output is always the first',
      text: 'of: () => one(outputs)',
      becomes: 'of: () => one(0 * outputs)',
    },
  ]),
  ...mutantsOf({ file: 'src/ntk/selection.ts', tests: KERNEL }, [
    {
      name: 'ntk/names that begin with weight, only',
      text: "(name) => name.includes('weight')",
      becomes: "(name) => name.endsWith('.weight')",
    },
    {
      name: 'ntk/a regular expression remembers where it stopped',
      text: "choice.flags.replace(/[gy]/g, '')",
      becomes: 'choice.flags',
    },
  ]),
  ...mutantsOf({ file: 'src/ntk/sweep.ts', tests: KERNEL }, [
    {
      name: 'ntk/rows of a block go to the first sample',
      text: '(r * samples + sample) * width',
      becomes: '(r * samples + 0 * sample) * width',
    },
    {
      name: 'ntk/the last block of coupled rows has too many',
      text: 'const count = Math.min(rows, all - first);',
      becomes: 'const count = rows;',
    },
    {
      name: 'ntk/outputs of a chunk are those of the first',
      text: 'to.set(cotangents.of(q + r), r * width)',
      becomes: 'to.set(cotangents.of(r + 0 * q), r * width)',
    },
    {
      name: 'ntk/rows of a chunk belong to the first output',
      text: 'firstRow: first * perSample + q,',
      becomes: 'firstRow: first * perSample + 0 * q,',
    },
  ]),
  ...mutantsOf({ file: 'src/ntk/jacobianRows.ts', tests: KERNEL }, [
    {
      name: 'ntk/logits of a block go to its first row',
      text: 'logits.data.set(y.data.subarray(0, samples * width), firstSample * width)',
      becomes: 'logits.data.set(y.data.subarray(0, samples * width), 0 * firstSample * width)',
    },
    {
      name: 'ntk/rows of the last block are written whole',
      text: 'if (rows < sweep.blockRows) return [];',
      becomes: '',
    },
  ]),
  ...mutantsOf({ file: 'src/ntk/recipe.ts', tests: [...KERNEL] }, [
    {
      name: 'ntk/networks of other constants share a recipe',
      text: 'recipe === undefined || !sameConstants(recipe.constants, constants)',
      becomes: 'recipe === undefined',
    },
    {
      name: 'ntk/kernels of other outputs share a recipe',
      text: 'const name = [shape.join(), String(outputs), columns.join(),',
      becomes: 'const name = [shape.join(), columns.join(),',
    },
    {
      name: 'ntk/kernels of other parameters share a recipe',
      text: 'const name = [shape.join(), String(outputs), columns.join(),',
      becomes: 'const name = [shape.join(), String(outputs),',
    },
  ]),
  ...mutantsOf(
    { file: 'src/tensor/eigen/jacobi.ts', tests: ['test/ntk/eigen.test.ts', 'test/tensor/eigen.test.ts'] },
    [],
  ),
];
