import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { bundle, chromiumPath, openChromium, serve } from '../test/support/chromium.ts';
import { type Blocks, measureBlocks } from './blocksJob.ts';

// The longest block of the calling thread while κ of one batch is computed on the wasm backend: in Node, and in a page
// that is cross-origin isolated and in one that is not.
//
// usage: tsx bench/blocks.mts [--samples 256] [--mode train,eval] [--calls 3] [--where node,isolated,page]

const { values: options } = parseArgs({
  options: {
    samples: { type: 'string', default: '256' },
    mode: { type: 'string', default: 'train,eval' },
    calls: { type: 'string', default: '3' },
    where: { type: 'string', default: 'node,isolated,page' },
  },
});
const samples = Number(options.samples);
const calls = Number(options.calls);
const modes = (['train', 'eval'] as const).filter((mode) => options.mode.split(',').includes(mode));

async function inPage(isolated: boolean): Promise<Blocks[]> {
  const { url, server } = await serve(await bundle(new URL('./blocksPage.ts', import.meta.url)), { isolated });
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return await page.evaluate<Blocks[]>(`measureBlocks(${samples}, ${JSON.stringify(modes)}, ${calls})`);
  } finally {
    await browser.close();
    server.close();
  }
}

const head = ['where', 'mode', 'longest gap of each call (ms)', 'longest task above 50 ms', 'seconds'];
const table = new Table({ head, style: { head: [], border: [] } });
const add = (where: string, blocks: readonly Blocks[]) => {
  for (const { mode, longest, seconds } of blocks) {
    const text = (numbers: readonly number[], digits: number) => numbers.map((x) => x.toFixed(digits)).join(', ');
    const [gaps, tasks] = [longest.map(({ gap }) => gap), longest.map(({ task }) => task)];
    table.push([where, mode, text(gaps, 0), where.startsWith('Node') ? '–' : text(tasks, 0), text(seconds, 2)]);
  }
};
const where = options.where.split(',');
if (where.includes('node')) add(`Node ${process.version}`, await measureBlocks(samples, modes, calls));
if (chromiumPath === undefined) console.error('no Chromium found: pages are left out');
else {
  if (where.includes('isolated')) add('Chromium, isolated', await inPage(true));
  if (where.includes('page')) add('Chromium, not isolated', await inPage(false));
}
console.log(table.toString());
