export { type Address } from './address.ts';
export { type Computer, computerOf } from './computer.ts';
export { type QueueProgress } from './collector.ts';
export { drainQueues, pauseQueues, type QueueState, queueStates } from './control.ts';
export { type QueuePlace, QueueServer } from './jobQueue.ts';
export { MeasurementQueue, type QueueWatcher, runWorker, type WorkerOptions } from './measurementQueue.ts';
export { type ServeOptions } from './worker.ts';
