import tseslint from 'typescript-eslint';
import { phrases } from './scripts/phrases.js';

/**
 * The layers of the house, from the ground up. A layer imports from itself and from the layers below it, never upward;
 * the layers of one row stand side by side and do not see each other.
 */
const layers = [
  ['tensor'],
  ['autodiff'],
  ['nn', 'data'],
  ['ntk'],
  ['onnx', 'training'],
  ['search'],
  ['node', 'report', 'testing'],
  ['cli'],
];

/**
 * What stands beside a room or above it, in a house of `floors` from the ground up.
 *
 * @param {readonly (readonly string[])[]} floors
 * @param {string} room
 */
const outOfReach = (floors, room) => {
  const floor = floors.findIndex((row) => row.includes(room));
  return [...floors[floor].filter((other) => other !== room), ...floors.slice(floor + 1).flat()];
};

/**
 * @param {string} files
 * @param {{ regex: string; message: string; allowTypeImports?: boolean }[]} patterns
 */
const restricted = (files, patterns) => ({
  files: [files],
  rules: { '@typescript-eslint/no-restricted-imports': patterns.length > 0 ? ['error', { patterns }] : 'off' },
});

/** @param {string} layer */
const patternOf = (layer) => {
  const above = outOfReach(layers, layer);
  // What runs in a page too knows nothing of Node; a worker's own thread asks for it by a type alone.
  const onlyNode = { regex: '^node:', allowTypeImports: true, message: 'What needs Node is in src/node and src/cli.' };
  const own = ['node', 'cli'].includes(layer) ? [] : [onlyNode];
  if (above.length === 0) return own;
  const message =
    'Imports run downward only: cli → node, report, testing → search → onnx, training → ntk → nn, data → autodiff → tensor.';
  return [...own, { regex: `/(${above.join('|')})/`, message }];
};

const downwardOnly = layers.flat().map((layer) => restricted(`src/${layer}/**`, patternOf(layer)));

/**
 * The floors of src/tensor, files and folders. What an expression is stands below the functions that build one; a plan
 * stands below the backends that compute it, and each backend keeps its kernels to itself.
 */
const tensorFloors = [
  ['shape'],
  ['array', 'strided', 'signature'],
  ['columns'],
  ['joinedColumns'],
  ['scalar/'],
  ['primitives/', 'random', 'eigen/'],
  ['tensor'],
  ['apply', 'print', 'liveness'],
  ['functions/', 'plan'],
  ['vmap', 'sampleMap', 'structure'],
  ['chains', 'backend'],
  ['backends/reference/'],
  ['backends/wasm/', 'backends/gpu/'],
  ['defaultBackend'],
  ['evaluate', 'computeNow'],
  ['index'],
];

const tensorDownwardOnly = tensorFloors.flat().map((room) => {
  const names = outOfReach(tensorFloors, room).map((name) => (name.endsWith('/') ? name : `${name}\\.ts`));
  const isFolder = room.endsWith('/');
  // How a file of the room writes the way to src/tensor: a folder's files may lie one folder deeper.
  const depth = room.split('/').length - 1;
  const way = isFolder ? `(\\.\\./){${depth},${depth + 1}}` : '\\./';
  const message = `Imports in src/tensor run downward only: ${tensorFloors.toReversed().flat().join(' → ')}.`;
  const own = names.length > 0 ? [{ regex: `^${way}(${names.join('|')})`, message }] : [];
  return restricted(`src/tensor/${isFolder ? `${room}**` : `${room}.ts`}`, [...patternOf('tensor'), ...own]);
});

/** The laboratory embeds the package as any page does: by its entries, without Node; its rooms do not see each other. */
const laboratory = [
  restricted('web/src/**', [
    { regex: '^(node:|ntkit/node$)', message: 'The laboratory runs in a page.' },
    { regex: '/src/', message: 'The laboratory imports the package by its entries: ntkit/…' },
  ]),
  restricted('web/src/rooms/*/**', [
    { regex: '^(node:|ntkit/node$)', message: 'The laboratory runs in a page.' },
    { regex: '/src/', message: 'The laboratory imports the package by its entries: ntkit/…' },
    {
      regex: '^\\.\\./(?!\\.\\./)',
      message: 'A room does not see another: what they share is in web/src and web/src/ui.',
    },
  ]),
];

export default tseslint.config(
  {
    // AssemblyScript has types and decorators of its own.
    ignores: [
      'dist',
      'coverage',
      'docs/api',
      'docs/.vitepress/{cache,dist}',
      'examples/onnx-page',
      'node_modules',
      'src/tensor/backends/wasm/{assembly,generated}',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['eslint.config.js', '.remarkrc.js', 'scripts/generateOnce.js', 'scripts/phrases.js'],
        },
      },
    },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-warning-comments': ['error', { terms: phrases, location: 'anywhere' }],
      'max-lines': ['error', { max: 400 }],
      // An import of types alone leaves nothing behind: what is compiled loads only what it runs.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      // `{ inputSize: _, ...rest }` is how an attribute is left out.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  ...downwardOnly,
  ...tensorDownwardOnly,
  ...laboratory,
);
