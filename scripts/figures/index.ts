import type { Figure } from './draw.ts';
import { coupling } from './batchNorm.ts';
import { circle, width } from './kernels.ts';
import { kink, noise } from './noise.ts';
import { cells, record } from './search.ts';
import { limit, modes } from './training.ts';
import { convolutionMatrix } from './convolution.ts';
import { reverseMode, treeAndGraph } from './graphs.ts';

/** The figures of docs/guide, by name. */
export const figures: Readonly<Record<string, () => Promise<Figure>>> = {
  'tree-and-graph': treeAndGraph,
  'reverse-mode': reverseMode,
  'convolution-matrix': convolutionMatrix,
  coupling,
  circle,
  width,
  modes,
  limit,
  noise,
  kink,
  record,
  cells,
};

/** The files of a figure: `NAME.svg`, which pages name, and `NAME.narrow.svg`, which the site shows on telephones. */
export const filesOf = (name: string, { wide, narrow }: Figure): readonly (readonly [file: string, svg: string])[] => [
  [`${name}.svg`, wide],
  [`${name}.narrow.svg`, narrow],
];
