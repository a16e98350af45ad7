import { format } from 'ntkit/report';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { type LawRun, run, RUNS, runSuite, stopLaws } from './laws.ts';
import type { LawView } from './request.ts';
import { result } from './computing.ts';

/** The laws and their results. */
export function Laws() {
  const current = run.value;
  const running = current?.running ?? false;
  return (
    <section class="panel wide" aria-label="Laws">
      <h2>Laws</h2>
      <p class="muted small">
        Mathematical statements that any correct kernel satisfies. Each compares two ways to compute the same number,
        which may differ only by rounding. The laws of this network are checked on three samples, in float64. All laws
        of ntkit are checked on random networks and tensors, in this browser, as <code>ntkit verify</code> checks them.
      </p>
      <p class="law-buttons">
        <button type="button" onClick={() => void runSuite('network')} disabled={running}>
          Check the laws of this network
        </button>
        <button type="button" class="secondary outline" onClick={() => void runSuite('all')} disabled={running}>
          Check all laws, {RUNS} cases of each kind
        </button>
        {running && (
          <button type="button" class="quiet" onClick={stopLaws}>
            Stop
          </button>
        )}
      </p>
      {current && <Records run={current} />}
    </section>
  );
}

function Records({ run: { suite, records, of, running, told, failure, kernel } }: { readonly run: LawRun }) {
  const broken = records.filter(({ holds }) => !holds).length;
  const outdated = suite === 'network' && kernel !== result.value;
  return (
    <>
      {running && <progress max={of} value={records.length} aria-label="Laws that were checked" />}
      <p role="status" data-testid="laws">
        {running
          ? `${records.length} of ${of} laws checked`
          : told === undefined
            ? ''
            : broken === 0
              ? `All ${records.length} laws hold, ${told}.`
              : `${broken} of ${records.length} laws are broken, ${told}.`}
        {outdated && <span class="muted"> They were checked on an earlier kernel.</span>}
      </p>
      <ErrorLine message={failure} />
      {records.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Results of the laws">
          <table class="numbers laws">
            <thead>
              <tr>
                <th scope="col">law</th>
                <th scope="col" class="text">
                  holds
                </th>
                <th scope="col">worst error</th>
                <th scope="col">bound</th>
                <th scope="col">of the bound</th>
                <th scope="col">cases</th>
                <th scope="col">seconds</th>
              </tr>
            </thead>
            <tbody>
              {records.map((record) => (
                <Row key={record.law} record={record} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Row({ record }: { readonly record: LawView }) {
  const { law, statement, holds, cases, what, error, bound, seconds, message } = record;
  const share = bound > 0 ? error / bound : error > 0 ? Infinity : 0;
  return (
    <tr class={holds ? undefined : 'broken'}>
      <th scope="row">
        {law}
        <span class="statement">{message ?? statement}</span>
      </th>
      <td class="text">
        <span class={`badge ${holds ? 'resolved' : 'indefinite'}`}>{holds ? 'yes' : 'no'}</span>
      </td>
      <td title={`in ${what}`}>{short(error)}</td>
      <td>{short(bound)}</td>
      <td>{Number.isFinite(share) ? `${(100 * share).toPrecision(2)} %` : '∞'}</td>
      <td>{cases}</td>
      <td>{format(seconds)}</td>
    </tr>
  );
}

const short = (x: number) => (x === 0 ? '0' : Number.isFinite(x) ? x.toExponential(1) : '∞');
