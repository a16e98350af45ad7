import type { Contribution } from 'ntkit/ntk';
import { shareText } from '../../ui/conditionNumber.ts';
import { PARTS, totalsOf } from '../../ui/shares.ts';
import { layerName } from './cells.ts';

/** How many layers are listed; the others share one line. */
const MOST = 6;

/** Which layers supply λmin: their shares of it, the largest first, beside those of λmax and of the trace. */
export function Layers({
  contributions,
  cells,
}: {
  readonly contributions: readonly Contribution[];
  /** N, the cells in a stage. */
  readonly cells: number;
}) {
  const totals = totalsOf(contributions);
  const sorted = contributions.toSorted((a, b) => b.lambdaMin - a.lambdaMin);
  const rest = sorted.slice(MOST);
  const rows = sorted.slice(0, MOST).map((each) => ({ ...each, label: layerName(each.name, cells) }));
  if (rest.length > 0) {
    rows.push({ name: '', label: `${rest.length} other layers`, parameters: 0, ...totalsOf(rest) });
  }
  const share = (part: number, whole: number) => (whole > 0 ? (100 * part) / whole : 0);
  return (
    <table class="layers">
      <thead>
        <tr>
          <th scope="col">weights of</th>
          <th scope="col">of λmin</th>
          <th scope="col">of λmax</th>
          <th scope="col">of tr Θ</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row" title={row.name}>
              {row.label}
              <span class="share" style={{ width: `${share(row.lambdaMin, totals.lambdaMin)}%` }} />
            </th>
            {PARTS.map((of) => (
              <td key={of}>{shareText(row[of], totals[of])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
