import { parseGenotype } from 'ntkit/nn';
import { certificateText, format, formatCount } from 'ntkit/report';
import { kappaText, remarkOn } from '../../ui/conditionNumber.ts';
import { VerdictOn } from '../../ui/verdict.tsx';
import { Computing } from '../../ui/computing.tsx';
import { benchmark } from './benchmark.ts';
import { cellIndex } from './cells.ts';
import { busy, progress, stop } from './computing.ts';
import type { Details, Result } from './request.ts';

/** The progress of a κ. */
export function Progress({ place }: { readonly place: 0 | 1 }) {
  return <Computing busy={busy[place].value} share={progress[place].value} onStop={() => stop(place)} />;
}

/** κ of a cell with its certificate, and what the benchmark records of the cell. */
export function KappaPanel({
  result,
  details,
  place,
}: {
  readonly result: Result;
  readonly details: Details | undefined;
  readonly place: 0 | 1;
}) {
  const isBusy = busy[place].value;
  const ntk = details?.certified ?? result.ntk;
  const cell = cellIndex(parseGenotype(result.request.arch));
  const recorded = benchmark.value?.recorded(cell);
  return (
    <>
      <div class={isBusy ? 'busy' : undefined} aria-busy={isBusy}>
        <dl class="figures">
          <div class="large">
            <dt>condition number κ = λmax/λmin</dt>
            <dd>
              <data data-testid="kappa" value={ntk.kappa}>
                {kappaText(ntk)}
              </data>{' '}
              <VerdictOn ntk={ntk} />
            </dd>
          </div>
        </dl>
        <dl class="figures">
          <div>
            <dt>λmax</dt>
            <dd>{format(ntk.lambdaMax)}</dd>
          </div>
          <div>
            <dt>λmin</dt>
            <dd>{format(ntk.lambdaMin)}</dd>
          </div>
          <div>
            <dt>noise floor</dt>
            <dd>{format(ntk.noiseFloor)}</dd>
          </div>
        </dl>
        {remarkOn(ntk) && <p class="small">{remarkOn(ntk)}</p>}
        <p class="small">
          {details?.certified ? certificateText(ntk) : <span class="muted">The certificate is being computed.</span>}
        </p>
        <p class="muted small">
          {formatCount(ntk.parameters.used)} weights; {result.device}; {result.seconds.toFixed(2)} s to κ.
        </p>
      </div>
      <Progress place={place} />
      {recorded && (
        <dl class={`figures recorded${isBusy ? ' busy' : ''}`} aria-label="What NAS-Bench-201 records of this cell">
          <div>
            <dt>CIFAR-10 test accuracy</dt>
            <dd data-testid="accuracy">{recorded.cifar10.toFixed(2)} %</dd>
          </div>
          <div>
            <dt>CIFAR-100</dt>
            <dd>{recorded.cifar100.toFixed(2)} %</dd>
          </div>
          <div>
            <dt>ImageNet16-120</dt>
            <dd>{recorded.imagenet16.toFixed(2)} %</dd>
          </div>
          <div>
            <dt>NAS-Bench-201 number</dt>
            <dd>
              {recorded.index}, rank {formatCount(benchmark.value!.rank(cell))} of 15,625
            </dd>
          </div>
        </dl>
      )}
    </>
  );
}
