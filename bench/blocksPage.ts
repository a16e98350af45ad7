import { measureBlocks } from './blocksJob.ts';

// What the page of blocks.mts runs when it is called.
Object.assign(globalThis, { measureBlocks });
