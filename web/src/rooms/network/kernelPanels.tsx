import { certificateText, format, formatCount } from 'ntkit/report';
import { useCallback, useRef } from 'preact/hooks';
import { kappaText, remarkOn } from '../../ui/conditionNumber.ts';
import { VerdictOn } from '../../ui/verdict.tsx';
import { ExportMenu, type ExportItem } from '../../ui/exportMenu.tsx';
import { canvasPng, csvBlob, npyBlob, svgBlob, svgPng } from '../../ui/exports.ts';
import { HeatMap } from '../../ui/heatMap.tsx';
import { Spectrum } from '../../ui/spectrum.tsx';
import { commandOf } from './command.ts';
import { details, inventory, isOwn, isStale, save } from './computing.ts';
import { Contributions } from './contributions.tsx';
import type { Details, KernelResult } from './request.ts';

/** The kernel, its spectrum, and κ with its certificate. */
export function KernelPanels({ result }: { readonly result: KernelResult }) {
  const map = useRef<HTMLCanvasElement>(undefined);
  const plot = useRef<SVGSVGElement>(undefined);
  const keepMap = useCallback((canvas: HTMLCanvasElement) => void (map.current = canvas), []);
  const keepPlot = useCallback((svg: SVGSVGElement) => void (plot.current = svg), []);
  const { ntk, view } = result;
  const [rows] = ntk.kernel.shape;
  const stale = isStale.value;
  return (
    <>
      <Kappa
        result={result}
        details={details.value}
        items={itemsOf(
          result,
          details.value,
          () => map.current,
          () => plot.current,
        )}
        stale={stale}
      />
      <section class={`panel${stale ? ' stale' : ''}`} aria-label="Kernel matrix">
        <h2>
          Θ <span class="muted small">{`${rows} × ${rows}, of ${view.told}`}</span>
        </h2>
        <HeatMap
          values={ntk.kernel.data}
          rows={rows}
          columns={rows}
          label="Kernel matrix Θ"
          symbol="Θ"
          left={view}
          onDraw={keepMap}
        />
      </section>
      <section class={`panel${stale ? ' stale' : ''}`} aria-label="Spectrum">
        <h2>Eigenvalues of Θ</h2>
        <Spectrum spectrum={ntk} onDraw={keepPlot} />
        <p class="muted small">
          Gradient descent learns along each eigenvector at a rate proportional to its eigenvalue. Below the noise floor
          an eigenvalue may be rounding error.
        </p>
      </section>
      <Contributions contributions={details.value?.contributions} grouping={result.request.by} />
    </>
  );
}

function Kappa({
  result: { request, view, ntk },
  details: found,
  items,
  stale,
}: {
  readonly result: KernelResult;
  readonly details: Details | undefined;
  readonly items: readonly ExportItem[];
  readonly stale: boolean;
}) {
  const told = found?.certified ?? ntk;
  return (
    <section class={`panel wide kappa${stale ? ' stale' : ''}`} aria-label="Condition number">
      <div class="save">
        <ExportMenu items={items} />
      </div>
      <dl class="figures">
        <div class="large">
          <dt>κ = λmax / λmin</dt>
          <dd data-testid="kappa" data-value={ntk.kappa}>
            {kappaText(told)}
          </dd>
        </div>
        <div>
          <dt>verdict</dt>
          <dd>
            <VerdictOn ntk={told} />
          </dd>
        </div>
        {(
          [
            ['λmax', format(ntk.lambdaMax)],
            ['λmin', format(ntk.lambdaMin)],
            ['noise floor of λ', format(told.noiseFloor)],
            ['parameters of Θ', `${formatCount(ntk.parameters.used)} of ${formatCount(ntk.parameters.total)}`],
          ] as const
        ).map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {remarkOn(told) && <p>{remarkOn(told)}</p>}
      <p data-testid="certificate">
        {found ? certificateText(found.certified) : <span class="muted">The certificate is being computed.</span>}
      </p>
      <p class="muted small">
        The same from the command line: <code class="command">{commandOf(inventory.value!, request)}</code>
        {request.batch.source === 'dropped' &&
          view.pictures &&
          ' The command takes no pictures: FILE.npy stands for the same batch as numbers.'}
      </p>
    </section>
  );
}

/** What can be saved of a result. */
function itemsOf(
  result: KernelResult,
  found: Details | undefined,
  canvas: () => HTMLCanvasElement | undefined,
  svg: () => SVGSVGElement | undefined,
): ExportItem[] {
  const { ntk, view } = result;
  const [rows] = ntk.kernel.shape;
  const base = (inventory.value?.file ?? 'network').replace(/\.[^.]*$/, '');
  const isCase = inventory.value?.format === 'case';
  return [
    { label: 'Θ as NPY', file: `${base}-ntk.npy`, make: () => npyBlob(ntk.kernel) },
    {
      label: 'Θ as CSV',
      file: `${base}-ntk.csv`,
      make: () =>
        csvBlob(
          ['', ...view.names],
          view.names.map((name, i) => [name, ...ntk.kernel.data.subarray(i * rows, (i + 1) * rows)]),
        ),
    },
    { label: 'Everything as JSON', file: `${base}-ntk.json`, make: () => jsonBlob(result, found) },
    {
      label: isCase ? 'Case file, with Θ' : 'Batch and Θ, for ntkit verify --against',
      file: `${base}-${isCase ? 'case' : 'ntk'}.safetensors`,
      make: async () => new Blob([(await save(result)) as Uint8Array<ArrayBuffer>]),
    },
    { label: 'Heat map as PNG', file: `${base}-ntk.png`, make: () => canvasPng(drawn(canvas())) },
    { label: 'Spectrum as SVG', file: `${base}-spectrum.svg`, make: () => svgBlob(drawn(svg())) },
    { label: 'Spectrum as PNG', file: `${base}-spectrum.png`, make: () => svgPng(drawn(svg())) },
  ];
}

function drawn<T>(picture: T | undefined): T {
  if (picture === undefined) throw new Error('not drawn yet');
  return picture;
}

/** A result with the fields of the command's `--json`, as far as both have them. */
function jsonBlob({ request, ntk, view, device, seconds }: KernelResult, found: Details | undefined): Blob {
  const { kernel, logits, eigenvalues, samples, parameters, ...rest } = { ...ntk, ...found?.certified };
  const rowsOf = ({ shape: [n], data }: typeof kernel) =>
    Array.from({ length: n }, (_, i) => [...data.subarray((i * data.length) / n, ((i + 1) * data.length) / n)]);
  const value = {
    name: inventory.value?.file,
    provenance: isOwn.value ? 'the reader’s file' : 'a network of the laboratory',
    images: view.told,
    seed: request.batch.seed,
    device,
    seconds,
    samples: samples[0],
    parameterChoice: request.parameters,
    parameters: parameters.used,
    parametersTotal: parameters.total,
    ...rest,
    eigenvalues: [...eigenvalues],
    ntk: rowsOf(kernel),
    logits: rowsOf(logits),
    ...(found && { contributions: found.contributions }),
  };
  const withStrings = (_: string, each: unknown) =>
    typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
  return new Blob([JSON.stringify(value, withStrings, 1), '\n'], { type: 'application/json' });
}
