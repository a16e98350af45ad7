import { useEffect, useRef } from 'preact/hooks';
import { theme } from '../../theme.ts';
import { EXTENT, type Sample } from './problem.ts';

/** The value with the strongest colour: the targets are −1 and 1. */
const STRONG = 1.3;

type Rgb = readonly [number, number, number];

const COLORS: Readonly<Record<'light' | 'dark', { readonly low: Rgb; readonly zero: Rgb; readonly high: Rgb }>> = {
  light: { low: [224, 108, 40], zero: [250, 250, 250], high: [30, 118, 190] },
  dark: { low: [226, 118, 60], zero: [30, 34, 40], high: [70, 150, 215] },
};

/** The colour of a value: orange below 0, blue above. */
function colorOf(value: number, shade: 'light' | 'dark'): Rgb {
  const { low, zero, high } = COLORS[shade];
  const share = Math.min(1, Math.abs(value) / STRONG);
  const end = value < 0 ? low : high;
  return [0, 1, 2].map((c) => zero[c] + share * (end[c] - zero[c])) as unknown as Rgb;
}

/** One pixel per value; NaN stays transparent. */
function imageOf(field: ArrayLike<number>, side: number, shade: 'light' | 'dark'): ImageData {
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    if (Number.isNaN(field[i])) continue;
    image.data.set([...colorOf(field[i], shade).map(Math.round), 255], 4 * i);
  }
  return image;
}

/** Pixels along each side of the picture. */
const SIZE = 448;

/** A function of two coordinates as an image, with the samples in it. */
export function FieldImage({
  label,
  field,
  side,
  samples,
  onPress,
  onCanvas,
}: {
  readonly label: string;
  /** [side·side], row by row from the top */
  readonly field: ArrayLike<number>;
  readonly side: number;
  readonly samples: readonly Sample[];
  /** Called with the position of a click and the number of the sample there, if there is one. */
  readonly onPress: (x: readonly number[], sample: number | undefined) => void;
  readonly onCanvas?: (canvas: HTMLCanvasElement) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { value: shade } = theme;
  useEffect(() => void onCanvas?.(canvas.current!), [onCanvas]);
  useEffect(() => {
    const small = document.createElement('canvas');
    [small.width, small.height] = [side, side];
    small.getContext('2d')!.putImageData(imageOf(field, side, shade), 0, 0);
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, SIZE, SIZE);
    context.imageSmoothingEnabled = true;
    // The outermost values lie on the edges: half of their pixels is outside.
    const pixel = SIZE / (side - 1);
    context.drawImage(small, -pixel / 2, -pixel / 2, side * pixel, side * pixel);
    for (const { x, y } of samples) {
      context.beginPath();
      context.arc(...toPixels(x), 8, 0, 2 * Math.PI);
      const [r, g, b] = colorOf(STRONG * y, shade);
      context.fillStyle = `rgb(${r} ${g} ${b})`;
      context.fill();
      context.lineWidth = 3;
      context.strokeStyle = shade === 'dark' ? '#f2f4f6' : '#1b1f24';
      context.stroke();
    }
  }, [field, side, samples, shade]);
  const press = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const [px, py] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const near = samples.findIndex(({ x }) => {
      const [sx, sy] = toPixels(x);
      return Math.hypot((sx / SIZE - px) * box.width, (sy / SIZE - py) * box.height) < 9;
    });
    onPress([EXTENT * (2 * px - 1), EXTENT * (1 - 2 * py)], near < 0 ? undefined : near);
  };
  return (
    <canvas
      class="field-image pressable"
      ref={canvas}
      width={SIZE}
      height={SIZE}
      role="img"
      aria-label={label}
      onClick={press}
    />
  );
}

function toPixels([first, second]: readonly number[]): [number, number] {
  return [((first / EXTENT + 1) / 2) * SIZE, ((1 - second / EXTENT) / 2) * SIZE];
}
