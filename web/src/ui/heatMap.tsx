import { format } from 'ntkit/report';
import { useEffect, useRef, useState } from 'preact/hooks';
import { theme } from '../theme.ts';
import { type ColorScale, colorScale, css } from './colors.ts';

/** The labels of a matrix's rows or columns. */
export interface Side {
  /** What it is: `image 3 (frog)`. */
  readonly names: readonly string[];
  /** Its picture, drawn along the side. */
  readonly pictures?: readonly ImageData[] | undefined;
}

/** The width of a picture along a side, as a share of the matrix's. */
const MARGIN = 0.09;

/**
 * A matrix as a heat map on a canvas, with pictures along its sides. The pointer or the arrow keys choose an entry,
 * which is shown below with its two names and pictures; a table lists all entries.
 */
export function HeatMap({
  values,
  rows,
  columns,
  label,
  symbol,
  left,
  top = left,
  onDraw,
}: {
  /** Row by row. */
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  /** What it is, for assistive technology. */
  readonly label: string;
  /** The symbol of an entry: `Θ`. */
  readonly symbol: string;
  /** Of the rows. */
  readonly left: Side;
  /** Of the columns; that of the rows by default. */
  readonly top?: Side;
  /** Called with the drawing, e.g. to export it. */
  readonly onDraw?: (canvas: HTMLCanvasElement) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [entry, setEntry] = useState<readonly [row: number, column: number]>();
  const [width, setWidth] = useState(0);
  const { value: shade } = theme;
  const scale = colorScale(values);
  const margin = left.pictures ? MARGIN : 0;

  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0 || !canvas.current) return;
    draw(canvas.current, { values, rows, columns, scale, left, top, margin, width, entry });
    onDraw?.(canvas.current);
  }, [values, width, entry, shade, left, top]);

  const chosen = entry && entry[0] < rows && entry[1] < columns ? entry : undefined;
  const place = ({ clientX, clientY }: MouseEvent): [number, number] | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    const share = (at: number, from: number, size: number) => ((at - from) / size - margin) / (1 - margin);
    const [x, y] = [share(clientX, box.left, box.width), share(clientY, box.top, box.height)];
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return undefined;
    return [Math.floor(y * rows), Math.floor(x * columns)];
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [i, j] = chosen ?? [0, 0];
    const within = (index: number, count: number) => Math.max(0, Math.min(count - 1, index));
    setEntry(chosen ? [within(i + step[0], rows), within(j + step[1], columns)] : [0, 0]);
  };

  return (
    <div class="heat-map">
      <canvas
        ref={canvas}
        role="application"
        aria-label={`${label}, ${rows} by ${columns}. The arrow keys choose an entry.`}
        tabIndex={0}
        style={{ aspectRatio: '1' }}
        onPointerMove={(event) => setEntry(place(event))}
        onPointerDown={(event) => setEntry(place(event))}
        onPointerLeave={({ pointerType }) => pointerType === 'mouse' && setEntry(undefined)}
        onFocus={() => canvas.current!.matches(':focus-visible') && setEntry(chosen ?? [0, 0])}
        onKeyDown={move}
      />
      <ScaleBar scale={scale} />
      <p class="readout" aria-live="polite">
        {chosen ? (
          <>
            <Picture image={left.pictures?.[chosen[0]]} />
            <Picture image={top.pictures?.[chosen[1]]} />
            <span>
              {symbol}({chosen[0] + 1}, {chosen[1] + 1}) = <b>{format(values[chosen[0] * columns + chosen[1]])}</b>
              <br />
              {left.names[chosen[0]]}
              {chosen[0] !== chosen[1] || left !== top ? `, ${top.names[chosen[1]]}` : ' with itself'}
            </span>
          </>
        ) : (
          <span class="muted">Point at an entry, or focus the matrix and use the arrow keys.</span>
        )}
      </p>
      <MatrixTable {...{ values, rows, columns, left, top, symbol }} />
    </div>
  );
}

interface Drawing {
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  readonly scale: ColorScale;
  readonly left: Side;
  readonly top: Side;
  readonly margin: number;
  readonly width: number;
  readonly entry: readonly [number, number] | undefined;
}

function draw(
  canvas: HTMLCanvasElement,
  { values, rows, columns, scale, left, top, margin, width, entry }: Drawing,
): void {
  const size = Math.round(width * devicePixelRatio);
  canvas.width = size;
  canvas.height = size;
  const context = canvas.getContext('2d')!;
  const from = Math.round(size * margin);
  const edge = (index: number, count: number) => from + Math.round(((size - from) * index) / count);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = values[i * columns + j];
      if (!Number.isFinite(value)) continue;
      context.fillStyle = css(scale.rgb(value));
      const [x, y] = [edge(j, columns), edge(i, rows)];
      context.fillRect(x, y, edge(j + 1, columns) - x, edge(i + 1, rows) - y);
    }
  }
  const gap = Math.max(1, Math.round(from * 0.06));
  const side = (count: number, at: number) =>
    [edge(at, count), Math.max(1, Math.min(edge(at + 1, count) - edge(at, count), from - gap))] as const;
  left.pictures?.forEach((picture, i) => {
    const [y, length] = side(rows, i);
    context.drawImage(canvasOf(picture), from - gap - length, y, length, length);
  });
  top.pictures?.forEach((picture, j) => {
    const [x, length] = side(columns, j);
    context.drawImage(canvasOf(picture), x, from - gap - length, length, length);
  });
  if (entry && entry[0] < rows && entry[1] < columns) {
    const [i, j] = entry;
    const [x, y] = [edge(j, columns), edge(i, rows)];
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeStyle = '#fff';
    context.strokeRect(x, y, edge(j + 1, columns) - x, edge(i + 1, rows) - y);
    context.lineWidth = devicePixelRatio;
    context.strokeStyle = '#000';
    context.strokeRect(x, y, edge(j + 1, columns) - x, edge(i + 1, rows) - y);
  }
}

const canvases = new WeakMap<ImageData, HTMLCanvasElement>();

/** A picture on a canvas of its own size, which can be drawn at another. */
function canvasOf(image: ImageData): HTMLCanvasElement {
  const known = canvases.get(image);
  if (known) return known;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  canvases.set(image, canvas);
  return canvas;
}

/** A small picture; nothing where there is none. */
export function Picture({ image, name = '' }: { readonly image: ImageData | undefined; readonly name?: string }) {
  const place = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (image && place.current) place.current.getContext('2d')!.putImageData(image, 0, 0);
  }, [image]);
  if (!image) return null;
  return (
    <canvas
      class="picture"
      ref={place}
      width={image.width}
      height={image.height}
      {...(name === '' ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': name })}
    />
  );
}

/** The scale from values to colours. */
function ScaleBar({ scale: { low, high, rgb } }: { readonly scale: ColorScale }) {
  const stops = Array.from({ length: 17 }, (_, k) => css(rgb(low + ((high - low) * k) / 16)));
  return (
    <div class="scale-bar">
      <span>{format(low)}</span>
      <span class="bar" style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }} aria-hidden="true" />
      <span>{format(high)}</span>
    </div>
  );
}

/** All entries in a table, rendered when it is opened. */
function MatrixTable({
  values,
  rows,
  columns,
  left,
  top,
  symbol,
}: Pick<Drawing, 'values' | 'rows' | 'columns' | 'left' | 'top'> & { readonly symbol: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{symbol} as a table</summary>
      {open && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${symbol} as a table`}>
          <table class="numbers">
            <thead>
              <tr>
                <td />
                {top.names.map((name, j) => (
                  <th key={j} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {left.names.slice(0, rows).map((name, i) => (
                <tr key={i}>
                  <th scope="row">{name}</th>
                  {Array.from({ length: columns }, (_, j) => (
                    <td key={j}>{format(values[i * columns + j])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
