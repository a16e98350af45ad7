import type { CertifiedNtk, Ntk } from '../ntk/index.ts';
import { format, formatCount, formatInterval } from './numbers.ts';

/**
 * What is certain of a κ, in sentences: its interval, the rank, the error of rows, and kinks where they were looked for.
 *
 * @example
 * const text = certificateText(await computeNtk(network, images));
 * console.log(text.startsWith('κ lies between'), text.includes('the rank is 4 of 4')); // true true
 */
export function certificateText(ntk: Ntk | CertifiedNtk): string {
  const { kappaInterval, rank, eigenvalues, rowError } = ntk;
  const measured = 'kinks' in ntk && ntk.rowErrorMeasured;
  const sentences = [
    `κ lies between ${formatInterval(kappaInterval).replace(' – ', ' and ')}; the rank is ${rank} of ${eigenvalues.length}.`,
    `Rows may be wrong by ${format(rowError)} of their length${measured ? ' (measured)' : ''}.`,
  ];
  if ('kinks' in ntk) sentences.push(kinksText(ntk));
  return sentences.join(' ');
}

function kinksText({ kinks, kappaSides }: CertifiedNtk): string {
  if (kinks === 0) return 'No input lies on a kink.';
  const sides = kappaSides.map(format).join(', ');
  if (kinks === 1) {
    return `One input lies so near to a kink that rounding decides its side; on the other side κ is ${sides}.`;
  }
  const how = kinks === kappaSides.length ? 'one after another' : `in ${kappaSides.length} groups`;
  return `${formatCount(kinks)} inputs lie so near to a kink that rounding decides their side; taken to the other side ${how} κ is ${sides}.`;
}
