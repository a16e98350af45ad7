import { type Dataset, parseCifar10 } from 'ntkit/data';
import { fetched } from './fetched.ts';
import { Kept } from './kept.ts';

/** The images of CIFAR-10 that come with the page, by their URL: those that the command calls `sample`. */
export const samples = new Kept(async (url: string): Promise<Dataset> =>
  parseCifar10([{ name: 'images', bytes: await fetched(url) }], { name: 'sample' }),
);
