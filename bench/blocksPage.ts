import { measureBlocks } from './blocksJob.ts';

// The script of the page of blocks.mts.
Object.assign(globalThis, { measureBlocks });
