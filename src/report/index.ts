/**
 * Results for people: tables in text, and self-contained HTML pages with plots, of kernels and their κ, of searches, and
 * of correlations. Pages load nothing and run no script. What draws is loaded with the first page.
 *
 * @module
 */
export { certificateText } from './certificate.ts';
export { checkpointCsv, checkpointTable } from './checkpoints.ts';
export { contributionsTable } from './contributionsTable.ts';
export { type CorrelationReport, correlationPage } from './correlationPage.ts';
export { correlationTable } from './correlationTable.ts';
export { type DynamicsPage, dynamicsPage } from './dynamicsPage.ts';
export { type DynamicsReport, dynamicsTable, largestGap } from './dynamicsReport.ts';
export { type ScoredNetwork } from './model.ts';
export { type NtkReport, ntkPage } from './ntkPage.ts';
export { kernelTable, ntkTable } from './ntkTable.ts';
export { format, formatCount, mean, standardDeviation } from './numbers.ts';
export { type SearchReport, searchPage } from './searchPage.ts';
export { type SearchResult, searchResult } from './searchResult.ts';
export { type Column, type TextOptions, textTable } from './textTable.ts';
