/**
 * Architecture search by TE-NAS: the pruning search of NAS-Bench-201 and DARTS, sweeps over NAS-Bench-201's cells, and
 * rank correlation with their true accuracies. Saved searches and tables of sweeps are files, which `ntkit/node` keeps.
 *
 * @module
 */
export { AccuracyTable, BENCHMARK_DATASETS, type BenchmarkDataset, type CellAccuracy } from './accuracy.ts';
export { kappaBatch, regionBatches, repeatBatches } from './batches.ts';
export { CELL_COUNT, IMAGE_CHANNELS, REGION_BATCHES, type RegionBatchSize, TE_NAS_COMMON } from './constants.ts';
export { type CellMeasurement, CellMeasurer } from './cellMeasurer.ts';
export { canonicalForm, cellAt, cellDigits, randomCells, representativeOf } from './cells.ts';
export { correlate, type MetricCorrelation } from './correlate.ts';
export {
  averageRanks,
  bootstrap,
  type BootstrapOptions,
  type Estimate,
  kendallTau,
  spearmanRho,
} from './correlation.ts';
export { type NetworkCost, networkCost } from './cost.ts';
export { type CandidateHistory, historyOf, operationsOf, type RoundHistory, unresolvedCount } from './history.ts';
export {
  changesOf,
  type Entry,
  keepKappa,
  type KappaMeasurement,
  type Measurement,
  usableKappa,
} from './measurement.ts';
export {
  type CandidateJob,
  candidateJob,
  type CellJob,
  type JobOrigin,
  jobToJson,
  type MeasurementJob,
  parseCellMeasurement,
  parseEntry,
  parseJob,
} from './job.ts';
export { Measurer, REGION_SCHEMES } from './measurer.ts';
export { numpyRound, numpyRoundSignificant, pairwiseSum } from './numpyArithmetic.ts';
export {
  type Changes,
  type Direction,
  DIRECTIONS,
  meanOf,
  rankCandidates,
  type Ranks,
  rankScores,
  relativeChange,
  roundDecimals,
  roundSignificant,
  type Standing,
  type TieRule,
} from './ranking.ts';
export { type RoundMeasurer, runSearch, type RunSearchOptions } from './runSearch.ts';
export {
  decide,
  type Decision,
  firstRound,
  nextRound,
  type Phase,
  type Round,
  type RoundState,
  type ScheduleOptions,
  totalWork,
} from './schedule.ts';
export { type FinishedRound, type ScoredCandidate, Search, type Task } from './search.ts';
export {
  type Criteria,
  CRITERIA,
  FIDELITIES,
  type Fidelity,
  requireSameSettings,
  type SearchSettings,
  type SweepSettings,
  TE_NAS_SETTINGS,
  TIES,
} from './settings.ts';
export {
  type Choice,
  countOperations,
  fullMask,
  type Mask,
  type Purpose,
  PURPOSES,
  SEARCH_SPACES,
  type SearchSpace,
  type SpaceName,
  without,
} from './space.ts';
export { formatRow, headerLine, parseRow } from './sweepRow.ts';
export { formatSearch, parseSearch, type SavedEntry, type SavedSearch } from './savedSearch.ts';
export { checkSweepSettings, parseSweepSettings } from './sweepSettings.ts';
export { type Metric, METRICS, parseSweepTable, type SweepTable } from './sweepTable.ts';
