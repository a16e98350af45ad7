import { openImages, QueueServer, runWorker } from '../node/index.ts';
import { IMAGE_CHANNELS } from '../search/index.ts';
import { withLanes } from './backend.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { notice, print } from './output.ts';
import { computerHere, placeOf } from './queue.ts';

/** Options of `ntkit worker`. */
type Options = OptionsOf<typeof commands.worker>;

/** `ntkit worker`: measures what sweeps and searches ask for on a queue. */
export function workerCommand(options: Options, signal: AbortSignal): Promise<void> {
  return withLanes(options, async ({ dtype, lanes }) => {
    const { data, idle, lease, seed } = options;
    const images = (spec: string) => openImages(spec, { seed, channels: IMAGE_CHANNELS, onNotice: notice });
    const datasets = await Promise.all(data.map(images));
    const computer = await computerHere({ backend: lanes[0], dtype });
    const server = await QueueServer.open(placeOf(options));
    try {
      const { label } = server.address;
      notice(`worker ${computer.name} at ${label}: ${lanes.length === 1 ? '1 job' : `${lanes.length} jobs`} at a time`);
      const onJob = (_: number, failure?: string) => failure !== undefined && notice(`a job failed: ${failure}`);
      const done = await runWorker(server, {
        ...{ computer, lanes, datasets, idle, lease, signal, onJob, onNotice: notice },
      });
      print(`${done} jobs done`);
    } finally {
      await server.close();
    }
  });
}
