import Table from 'cli-table3';
import type { TangentKernel } from '../ntk/index.ts';
import type { ArchitectureReport, Verdict } from './report/model.ts';
import { mean, standardDeviation } from './statistics.ts';

/** One row: an architecture and how long a κ of it took, in seconds. */
export interface TableRow {
  readonly architecture: ArchitectureReport;
  readonly seconds: number;
}

/**
 * A table for the terminal, the smallest mean κ first. Colours only where the terminal has them and NO_COLOR is unset.
 */
export function renderTable(rows: readonly TableRow[]): string {
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  const table = new Table({
    head: ['', 'architecture', 'κ', 'λmin', 'λmax', 'verdict', 'parameters', 's / κ'],
    colAligns: ['right', 'left', 'right', 'right', 'right', 'left', 'right', 'right'],
    style: { head: colour ? ['bold'] : [], border: colour ? ['grey'] : [] },
  });
  const ranked = rows
    .map((row) => ({ ...row, kappa: mean(row.architecture.repeats.map(({ kappa }) => kappa)) }))
    .sort((a, b) => sortKey(a.kappa) - sortKey(b.kappa));
  ranked.forEach(({ architecture: { name, parameters, repeats }, seconds, kappa }, i) => {
    const spread = standardDeviation(repeats.map((repeat) => repeat.kappa));
    table.push([
      i + 1,
      name,
      repeats.length > 1 ? `${format(kappa)} ± ${format(spread)}` : format(kappa),
      format(mean(repeats.map(({ lambdaMin }) => lambdaMin))),
      format(mean(repeats.map(({ lambdaMax }) => lambdaMax))),
      verdicts(repeats.map(({ verdict }) => verdict)),
      parameters.toLocaleString('en'),
      seconds.toFixed(2),
    ]);
  });
  return table.toString();
}

/** The table of a kernel of two batches, which has no eigenvalues: its shape and the range of its entries. */
export function renderKernelTable(name: string, { kernel, parameters }: TangentKernel, seconds: number): string {
  const table = new Table({
    head: ['network', 'Θ(x1, x2)', 'least', 'largest', 'parameters', 'seconds'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const entries = [...kernel.data];
  const least = entries.reduce((a, b) => Math.min(a, b), Infinity);
  const largest = entries.reduce((a, b) => Math.max(a, b), -Infinity);
  const size = kernel.shape.join(' × ');
  table.push([name, size, format(least), format(largest), parameters.used.toLocaleString('en'), seconds.toFixed(2)]);
  return table.toString();
}

/** A negative or undefined κ is no merit: it goes last. */
function sortKey(kappa: number): number {
  return kappa > 0 ? kappa : Infinity;
}

/** Four significant digits, with an exponent where the number is long. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞');
  const short = value.toPrecision(4);
  return short.includes('e') || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(3) : short;
}

/** One word when all repeats agree, else how many say what. */
function verdicts(all: readonly Verdict[]): string {
  const kinds = [...new Set(all)];
  if (kinds.length === 1) return kinds[0];
  return kinds.map((kind) => `${all.filter((verdict) => verdict === kind).length} ${kind}`).join(', ');
}
