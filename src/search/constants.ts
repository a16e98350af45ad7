import { NAS_BENCH_201_SPACE } from '../nn/spaces.ts';

// Numbers of NAS-Bench-201 and of TE-NAS, which the command's help shows: nothing else is loaded with them.

/** Edges of a NAS-Bench-201 cell: 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. */
export const EDGES = 6;

/** The number of cells in NAS-Bench-201. */
export const CELL_COUNT: number = NAS_BENCH_201_SPACE.length ** EDGES;

/** Input channels of the networks of both search spaces. */
export const IMAGE_CHANNELS = 3;

/** The inputs of a linear-region count: TE-NAS's are 3 batches of 1000 crops of 3×3 pixels of one channel. */
export interface RegionBatchSize {
  readonly batches: number;
  readonly samples: number;
}

/** TE-NAS's 3 batches of 1000. */
export const REGION_BATCHES: RegionBatchSize = { batches: 3, samples: 1000 };

/** What is the same in both spaces of TE-NAS. */
export const TE_NAS_COMMON = { classes: 10, repeats: 3, digits: 3, regions: REGION_BATCHES } as const;
