import { NAS_BENCH_201_SPACE, formatGenotype, parseGenotype } from 'ntkit/nn';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { Select, Slider } from '../../ui/fields.tsx';
import { HeatMap } from '../../ui/heatMap.tsx';
import { Spectrum } from '../../ui/spectrum.tsx';
import { Verdict } from '../../ui/verdict.tsx';
import { format, formatCount } from 'ntkit/report';
import { failures, results } from './computing.ts';
import { problem, state, update } from './link.ts';

/** The room *Cell*: the tangent kernel of a NAS-Bench-201 cell at initialisation, and its κ. */
export default function CellRoom() {
  const { arch, channels, batch } = state.value;
  const genotype = parseGenotype(arch);
  const result = results[0].value;
  return (
    <>
      <h1>The tangent kernel of a cell</h1>
      <ErrorLine message={problem.value ?? failures[0].value} />
      <div class="room">
        <section class="panel" aria-label="Settings">
          {genotype.flatMap((edges, node) =>
            edges.map((op, from) => (
              <Select
                key={`${node} ${from}`}
                label={`Edge ${from} → ${node + 1}`}
                value={op}
                options={NAS_BENCH_201_SPACE.map((value) => ({ value, label: value }))}
                onChange={(next) =>
                  update({
                    arch: formatGenotype(
                      genotype.map((ops, n) => ops.map((old, f) => (n === node && f === from ? next : old))),
                    ),
                  })
                }
              />
            )),
          )}
          <Slider
            label="Channels C"
            value={channels}
            min={2}
            max={32}
            onChange={(next) => update({ channels: next })}
          />
          <Slider
            label="Batch"
            unit="images"
            value={batch}
            min={2}
            max={64}
            onChange={(next) => update({ batch: next })}
          />
        </section>
        {result && (
          <div class="results">
            <section class="panel" aria-label="Condition number">
              <dl class="figures">
                <div class="large">
                  <dt>κ = λmax / λmin</dt>
                  <dd data-testid="kappa">{format(result.ntk.kappa)}</dd>
                </div>
              </dl>
              <Verdict verdict={result.ntk.verdict} />
              <p class="muted small">
                {formatCount(result.ntk.parameters.used)} weights, {result.device}, {result.seconds.toFixed(2)} s
              </p>
            </section>
            <section class="panel">
              <h2>Θ</h2>
              <HeatMap
                values={result.ntk.kernel.data}
                rows={batch}
                columns={batch}
                label="Kernel matrix Θ"
                symbol="Θ"
                left={result.view}
              />
            </section>
            <section class="panel">
              <h2>Spectrum</h2>
              <Spectrum spectrum={result.ntk} />
            </section>
          </div>
        )}
      </div>
    </>
  );
}
