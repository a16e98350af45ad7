import { loadSample, openDataset } from 'ntkit/node';

// A program that reads files, with Node's types.

export const sample = await loadSample();
export const dataset = await openDataset(process.argv[2] ?? 'sample');
