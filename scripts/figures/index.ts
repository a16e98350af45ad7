import { coupling } from './batchNorm.ts';
import { circle, width } from './kernels.ts';
import { kink, noise } from './noise.ts';
import { cells, record } from './search.ts';
import { limit, modes } from './training.ts';
import { convolutionMatrix } from './convolution.ts';
import { reverseMode, treeAndGraph } from './graphs.ts';

/** Each figure of docs/guide, as the text of its SVG file. */
export const figures: Readonly<Record<string, () => Promise<string>>> = {
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
