import type { Contribution } from 'ntkit/ntk';
import { formatCount } from 'ntkit/report';
import { shareText } from '../../ui/conditionNumber.ts';
import { totalsOf } from '../../ui/shares.ts';
import type { KernelRequest } from './request.ts';

/** Which layers supply the smallest and the largest eigenvalue. */
export function Contributions({
  contributions,
  grouping,
}: {
  readonly contributions: readonly Contribution[] | undefined;
  readonly grouping: KernelRequest['by'];
}) {
  if (contributions === undefined) return null;
  const totals = totalsOf(contributions);
  const by = { layer: 'layer', parameter: 'parameter tensor', edge: 'edge' }[grouping];
  return (
    <section class="panel wide" aria-label="Contributions">
      <h2>What supplies λmin and λmax</h2>
      <p class="muted small">
        Θ is the sum of the kernels of all parameters. Each row is what one {by} contributes to an eigenvalue: vᵀ·Θ·v of
        its own kernel, along the eigenvector v.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Contributions to eigenvalues">
        <table class="numbers shares">
          <thead>
            <tr>
              <th scope="col">{by}</th>
              <th scope="col">numbers</th>
              <th scope="col">of λmin</th>
              <th scope="col">of λmax</th>
              <th scope="col">of tr Θ</th>
            </tr>
          </thead>
          <tbody>
            {contributions
              .toSorted((a, b) => b.lambdaMin - a.lambdaMin)
              .map((each) => (
                <tr key={each.name}>
                  <th scope="row">{each.name}</th>
                  <td>{formatCount(each.parameters)}</td>
                  <Share part={each.lambdaMin} of={totals.lambdaMin} kind="least" />
                  <Share part={each.lambdaMax} of={totals.lambdaMax} kind="most" />
                  <Share part={each.trace} of={totals.trace} kind="trace" />
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Share({ part, of, kind }: { readonly part: number; readonly of: number; readonly kind: string }) {
  const share = of > 0 ? part / of : NaN;
  return (
    <td class={`share ${kind}`}>
      {shareText(part, of)}
      <span
        class="bar"
        style={{ width: `${Number.isNaN(share) ? 0 : 100 * Math.min(1, share)}%` }}
        aria-hidden="true"
      />
    </td>
  );
}
