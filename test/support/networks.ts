import type { Module } from '../../src/nn/index.ts';
import { type NetworkDescription, networkFrom } from '../../src/testing/networks/description.ts';
import { randomize } from '../../src/testing/networks/randomize.ts';

const tiny = { channels: 2, cells: 1, classes: 3, depth: -1, useStem: true };
const cell = '|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|';

const descriptions: Readonly<Record<string, NetworkDescription>> = {
  'cell network': ['NasBench201', cell, tiny],
  'NAS-Bench-201 supernet': ['NasBench201Supernet', { ...tiny, channels: 3 }],
  'DARTS supernet': ['Darts', { ...tiny, channels: 1, depth: 2, stemMultiplier: 1, steps: 2, multiplier: 2 }],
};

/** Small networks of every kind. */
export const smallNetworks: readonly string[] = Object.keys(descriptions);

/** A small network with random variables, so that no derivative vanishes by symmetry. */
export function smallNetwork(name: string, seed: number): Module {
  return randomize(networkFrom(descriptions[name]), seed);
}
