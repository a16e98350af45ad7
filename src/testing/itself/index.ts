import type { Backend } from '../../tensor/index.ts';
import type { Law } from '../law.ts';
import { dataLaws } from './data.ts';
import { drawLaws } from './draws.ts';
import { ntkLaws } from './kernels.ts';
import { layerLaws } from './layers.ts';
import { networkLaws } from './networks.ts';
import { rankingLaws } from './ranking.ts';

/** Laws of ntkit itself, whichever backend it computes on: layers, networks, kernels, images and searches. */
export const ntkitLaws: readonly Law<Backend>[] = [
  ...[...layerLaws, ...networkLaws, ...ntkLaws],
  ...[...dataLaws, ...rankingLaws, ...drawLaws],
];
