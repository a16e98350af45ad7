import { color, type Figure, figure, type Panel, tint } from './draw.ts';

/** The matrices T of y = T·x for 7 values, 3 weights and padding 1: strides 1 and 2, and the transpose of the second. */
export function convolutionMatrix(): Promise<Figure> {
  const [length, taps, padding] = [7, 3, 1];
  const entriesOf = (stride: number) => {
    const outputs = Math.floor((length + 2 * padding - taps) / stride) + 1;
    return Array.from({ length: outputs * taps }, (_, k) => {
      const [p, s] = [Math.floor(k / taps), k % taps];
      return { p, s, i: p * stride + s - padding };
    }).filter(({ i }) => i >= 0 && i < length);
  };
  const tints = [tint(color.blue, 0.55), tint(color.gold, 0.55), tint(color.pink, 0.55)];
  return figure('A convolution as a matrix', (Plot) => {
    const panel = (heading: string, stride: number, transposed: boolean): Panel => {
      const entries = entriesOf(stride).map(({ p, s, i }) => (transposed ? { x: p, y: i, s } : { x: i, y: p, s }));
      const outputs = Math.max(...entriesOf(stride).map(({ p }) => p)) + 1;
      const [columns, rows] = transposed ? [outputs, length] : [length, outputs];
      const [across, down] = transposed ? ['g', '∂L/∂x'] : ['x', 'y'];
      const axis = (count: number, label: string) => ({
        ...{
          type: 'band' as const,
          domain: Array.from({ length: count }, (_, k) => k),
          label,
          tickSize: 0,
          padding: 0,
        },
        ...{ labelAnchor: 'center' as const, labelArrow: 'none' as const },
      });
      const every = Array.from({ length: rows * columns }, (_, k) => ({ x: k % columns, y: Math.floor(k / columns) }));
      return {
        ...{ heading, width: 52 + 27 * columns, height: 52 + 27 * rows, margin: 8, marginLeft: 40, marginTop: 40 },
        x: { ...axis(columns, across), axis: 'top' },
        y: axis(rows, down),
        marks: [
          Plot.cell(every, { x: 'x', y: 'y', stroke: color.line, fill: 'none', inset: 0.5 }),
          Plot.cell(entries, { x: 'x', y: 'y', fill: ({ s }: { s: number }) => tints[s], inset: 1 }),
          Plot.text(entries, { x: 'x', y: 'y', text: ({ s }: { s: number }) => `w${'₀₁₂'[s]}`, fill: color.ink }),
        ],
      };
    };
    return [panel('T, stride 1', 1, false), panel('T, stride 2', 2, false), panel('Tᵀ, stride 2', 2, true)];
  });
}
