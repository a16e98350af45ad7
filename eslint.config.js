import tseslint from 'typescript-eslint';

/**
 * The layers of the house, from the ground up. A layer imports from itself and from the layers below it, never upward;
 * the layers of one row stand side by side and do not see each other.
 */
const layers = [['tensor'], ['autodiff'], ['nn', 'data'], ['ntk'], ['search'], ['cli']];

const downwardOnly = layers.flatMap((row, floor) =>
  row.map((layer) => {
    const outOfReach = [...row.filter((other) => other !== layer), ...layers.slice(floor + 1).flat()];
    const pattern = {
      regex: `/(${outOfReach.join('|')})/`,
      message: 'Imports run downward only: cli → search → ntk → nn, data → autodiff → tensor.',
    };
    return {
      files: [`src/${layer}/**`],
      rules: outOfReach.length > 0 ? { 'no-restricted-imports': ['error', { patterns: [pattern] }] } : {},
    };
  }),
);

export default tseslint.config(
  {
    // AssemblyScript has types and decorators of its own.
    ignores: ['dist', 'coverage', 'docs/api', 'node_modules', 'src/tensor/backends/wasm/{assembly,generated.ts}'],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'max-lines': ['error', { max: 400 }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `{ inputSize: _, ...rest }` is how an attribute is left out.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  ...downwardOnly,
);
