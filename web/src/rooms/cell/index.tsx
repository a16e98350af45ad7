import './cell.css';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { parseGenotype, WELL_KNOWN_CELLS } from 'ntkit/nn';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { ExportMenu } from '../../ui/exportMenu.tsx';
import { HeatMap } from '../../ui/heatMap.tsx';
import { spokenKappa } from '../../ui/conditionNumber.ts';
import { Spectrum } from '../../ui/spectrum.tsx';
import { benchmark, benchmarkFailure, loadBenchmark } from './benchmark.ts';
import { cellIndex, nameOf, randomArch } from './cells.ts';
import { busy, caseFile, details, failures, results, retry } from './computing.ts';
import { CellGraph } from './graph.tsx';
import { KappaPanel, Progress } from './kappa.tsx';
import { Layers } from './layers.tsx';
import { isArch, problem, state, update } from './link.ts';
import { Neighbours } from './neighbours.tsx';
import { type Drawings, savings } from './saving.ts';
import { Settings } from './settings.tsx';

/** The room *Cell*: the tangent kernel of a NAS-Bench-201 cell at initialisation, and its κ; of two cells, side by side. */
export default function CellRoom() {
  const { compare } = state.value;
  // The benchmark's record is worth a look even without a κ.
  const ready = results[0].value !== undefined || failures[0].value !== undefined;
  useEffect(() => {
    if (ready) void loadBenchmark();
  }, [ready]);
  return (
    <>
      <h1>The tangent kernel of a cell</h1>
      <p class="lead">
        Edit the cell: its kernel Θ on a batch of images, and how far κ = λmax/λmin is from 1, are updated at once.
        Nothing is trained; all is computed in this tab.
      </p>
      <ErrorLine message={problem.value} />
      <div class="room">
        <Settings />
        <div class="results">
          {compare === '' ? (
            <CellPanels place={0} />
          ) : (
            <div class="pair">
              <div class="stack">
                <CellPanels place={0} />
              </div>
              <div class="stack">
                <CellPanels place={1} />
              </div>
            </div>
          )}
          <AmongOthers />
        </div>
      </div>
    </>
  );
}

const LETTERS = ['A', 'B'] as const;

/** Everything about one cell. */
function CellPanels({ place }: { readonly place: 0 | 1 }) {
  const { arch, compare } = state.value;
  const own = place === 0 ? arch : compare;
  const set = (next: string) => update(place === 0 ? { arch: next } : { compare: next });
  const [result, more] = [results[place].value, details[place].value];
  const drawings = useRef<Drawings>({});
  const stale = (name: string) => `${name}${busy[place].value ? ' busy' : ''}`;
  const letter = compare === '' ? '' : ` ${LETTERS[place]}`;
  const takeMatrix = useCallback((canvas: HTMLCanvasElement) => (drawings.current.matrix = canvas), []);
  const takeSpectrum = useCallback((svg: SVGSVGElement) => (drawings.current.spectrum = svg), []);
  return (
    <>
      <section class={`panel${compare === '' ? ' wide' : ''}`} aria-label={`Cell${letter}`}>
        <p class="sr-only" role="status">
          {busy[place].value ? `computing κ${letter}` : result ? `κ${letter}: ${spokenKappa(result.ntk)}` : ''}
        </p>
        <h2>
          Cell{letter}
          {nameOf(own) === undefined ? '' : `: ${nameOf(own)}`}
          {place === 1 && (
            <button type="button" class="quiet" onClick={() => update({ compare: '' })}>
              End the comparison
            </button>
          )}
        </h2>
        <div class="editor">
          <div>
            <CellGraph genotype={parseGenotype(own)} label={`Edges of the cell${letter}`} onChange={set} />
            <Choose place={place} arch={own} onChange={set} />
          </div>
          <div>
            <ErrorLine message={failures[place].value} onRetry={() => retry(place)} />
            {result ? (
              <>
                <KappaPanel result={result} details={more} place={place} />
                <ExportMenu items={savings(result, drawings.current, () => caseFile(result.request))} />
              </>
            ) : (
              failures[place].value === undefined && (
                <>
                  <p aria-busy="true">Computing κ</p>
                  <Progress place={place} />
                </>
              )
            )}
          </div>
        </div>
      </section>
      {result && (
        <>
          <section class={stale('panel')} aria-label={`Kernel matrix${letter}`}>
            <h2>Kernel matrix Θ</h2>
            <HeatMap
              {...{ values: result.ntk.kernel.data, label: `Kernel matrix Θ${letter}`, symbol: 'Θ', left: result.view }}
              rows={result.ntk.kernel.shape[0]}
              columns={result.ntk.kernel.shape[1]}
              onDraw={takeMatrix}
            />
          </section>
          <div class="stack">
            <section class={stale('panel')} aria-label={`Spectrum${letter}`}>
              <h2>Spectrum of Θ</h2>
              <Spectrum spectrum={result.ntk} height={230} onDraw={takeSpectrum} />
            </section>
            <section class={stale('panel')} aria-label={`Layers${letter}`}>
              <h2>Which layers supply λmin</h2>
              {more ? (
                <Layers contributions={more.contributions} cells={result.request.cells} />
              ) : (
                failures[place].value === undefined && <p aria-busy="true">Computing the layers’ kernels</p>
              )}
            </section>
          </div>
        </>
      )}
    </>
  );
}

/** Other ways to choose a cell: a known one, a random one, its text or number; and the second cell of a comparison. */
function Choose({
  place,
  arch,
  onChange,
}: {
  readonly place: 0 | 1;
  readonly arch: string;
  readonly onChange: (arch: string) => void;
}) {
  const [failure, setFailure] = useState<string>();
  const comparing = state.value.compare !== '';
  return (
    <>
      <div class="cell-buttons">
        <select
          aria-label="A known cell"
          value={nameOf(arch) ?? ''}
          onChange={({ currentTarget }) => onChange(WELL_KNOWN_CELLS[currentTarget.value])}
        >
          <option value="" disabled>
            A known cell
          </option>
          {Object.keys(WELL_KNOWN_CELLS).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <button type="button" onClick={() => onChange(randomArch())}>
          Random cell
        </button>
        {place === 0 && !comparing && (
          <button type="button" onClick={() => update({ compare: WELL_KNOWN_CELLS['ResNet block'] })}>
            Compare
          </button>
        )}
      </div>
      <details>
        <summary>The cell as text</summary>
        <input
          type="text"
          class="arch"
          aria-label="The cell as NAS-Bench-201 writes it"
          value={arch}
          spellcheck={false}
          onChange={({ currentTarget }) => {
            const next = currentTarget.value.trim();
            const fits = isArch(next);
            setFailure(
              fits ? undefined : `cell: expected |op~0|+|op~0|op~1|+|op~0|op~1|op~2|, got ${JSON.stringify(next)}`,
            );
            if (fits) onChange(next);
          }}
        />
        <ErrorLine message={failure} />
      </details>
    </>
  );
}

/** Where the cells lie among those of the sweep. */
function AmongOthers() {
  const { value: known } = benchmark;
  const onChoose = useCallback((arch: string) => update({ arch }), []);
  const drawn = useRef<SVGSVGElement>(undefined);
  const onDraw = useCallback((svg: SVGSVGElement) => void (drawn.current = svg), []);
  const marked = results.flatMap(({ value }, place) =>
    value === undefined
      ? []
      : [
          {
            label: state.value.compare === '' ? 'this cell' : LETTERS[place],
            cell: cellIndex(parseGenotype(value.request.arch)),
            kappa: value.ntk.verdict === 'resolved' ? value.ntk.kappa : NaN,
          },
        ],
  );
  return (
    <section class="panel wide" aria-label="Among other cells">
      <h2>Among 1,000 cells: κ before training, accuracy after it</h2>
      <ErrorLine message={benchmarkFailure.value} onRetry={() => void loadBenchmark()} />
      {known ? (
        <Neighbours {...{ benchmark: known, marked, onChoose, onDraw }} />
      ) : (
        benchmarkFailure.value === undefined && <p aria-busy="true">Loading what NAS-Bench-201 records</p>
      )}
    </section>
  );
}
