import tseslint from 'typescript-eslint';
import { importX } from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';

/**
 * The layers of the house, from the ground up. A layer imports from itself and from the layers below it, never upward;
 * the layers of one row stand side by side and do not see each other.
 */
const layers = [['tensor'], ['autodiff'], ['nn', 'data'], ['ntk'], ['search'], ['cli']];

const zones = layers.flatMap((row, floor) =>
  row.flatMap((layer) =>
    [...row.filter((other) => other !== layer), ...layers.slice(floor + 1).flat()].map((other) => ({
      target: `./src/${layer}`,
      from: `./src/${other}`,
      message: 'Imports run downward only: cli → search → ntk → nn, data → autodiff → tensor.',
    })),
  ),
);

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'docs/api', 'node_modules'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'max-lines': ['error', { max: 400 }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `{ inputSize: _, ...rest }` is how an attribute is left out.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
);
