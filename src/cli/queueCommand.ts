import { drainQueues, pauseQueues, QueueServer, queueStates } from '../node/index.ts';
import { textTable } from '../report/index.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { print, printJson, terminalWidth } from './output.ts';
import { placeOf } from './queue.ts';

/** Options of `ntkit queue`. */
type Options = OptionsOf<typeof commands.queue>;

/** What can be done to a queue. */
export type QueueAction = 'status' | 'pause' | 'resume' | 'drain';

/** `ntkit queue`: what is on a queue, and an end or a pause to it. */
export async function queueCommand(action: QueueAction, options: Options): Promise<void> {
  const server = await QueueServer.open(placeOf(options));
  try {
    if (action === 'drain') {
      const removed = await drainQueues(server);
      if (options.json) printJson({ removed });
      else print(`${removed} jobs and results removed`);
      return;
    }
    if (action !== 'status') await pauseQueues(server, action === 'pause');
    const queues = await queueStates(server);
    if (options.json) printJson({ queues });
    else if (queues.length === 0) print(`${server.address.label}: no queue under ${server.prefix}`);
    else {
      const counts = ['workers', 'waiting', 'active', 'delayed', 'completed', 'failed'] as const;
      const columns = [
        { head: 'computer' },
        { head: 'paused' },
        ...counts.map((head) => ({ head, align: 'right' }) as const),
      ];
      const rows = queues.map((state) => [
        ...[state.computer, state.paused ? 'yes' : 'no'],
        ...counts.map((name) => String(state[name])),
      ]);
      print(textTable(columns, rows, { width: terminalWidth() }));
    }
  } finally {
    await server.close();
  }
}
