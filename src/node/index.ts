/**
 * Everything that touches files, for Node: data sets by their paths, the images and accuracies that come with ntkit,
 * searches and sweeps that survive a kill, locks.
 *
 * @module
 */
export { loadAccuracyTable } from './accuracy.ts';
export { AppendOnlyFile } from './appendOnly.ts';
export { writeAtomically } from './atomicFile.ts';
export { type BatchRequest, loadBatch } from './batch.ts';
export { loadCifar10, loadCifar100, loadIdx, loadNpy, loadNpz } from './imageFiles.ts';
export { acquireLock, type Lock } from './lockFile.ts';
export { loadOnnx } from './onnxFile.ts';
export {
  type Address,
  type Computer,
  computerOf,
  drainQueues,
  MeasurementQueue,
  pauseQueues,
  type QueuePlace,
  type QueueProgress,
  QueueServer,
  type QueueState,
  queueStates,
  type QueueWatcher,
  runWorker,
  type ServeOptions,
  type WorkerOptions,
} from './queue/index.ts';
export { readBytes } from './readFile.ts';
export { loadSample, loadSample1000 } from './sample.ts';
export { loadSearch, saveSearch } from './searchFile.ts';
export { type ImagesOptions, openDataset, openImages } from './source.ts';
export { type CellQueue, runSweep, type SweepOptions, type SweepOutcome } from './sweep.ts';
export { settingsPath } from './sweepFile.ts';
export { readSweepTable } from './sweepTable.ts';
