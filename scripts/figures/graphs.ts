import type * as PlotModule from '@observablehq/plot';
import { color, type Figure, figure, type Panel, tint } from './draw.ts';

/** A node of a drawn graph. */
export interface GraphNode {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  /** A second line, below. */
  readonly note?: string;
  /** Whether it is an input. */
  readonly leaf?: boolean;
}

/** A graph with arrows from operands up to results. */
export function graphPanel(
  Plot: typeof PlotModule,
  nodes: readonly GraphNode[],
  edges: readonly (readonly [from: number, to: number, bend?: number])[],
  size: { width: number; height: number; heading?: string; radius?: number },
): Panel {
  const radius = size.radius ?? 17;
  const [xs, ys] = [nodes.map(({ x }) => x), nodes.map(({ y }) => y)];
  const arrows = edges.map(([from, to, bend = 0]) => ({
    ...{ x1: nodes[from].x, y1: nodes[from].y, x2: nodes[to].x, y2: nodes[to].y },
    bend,
  }));
  return {
    ...size,
    margin: 34,
    x: { axis: null, domain: [Math.min(...xs), Math.max(...xs)] },
    y: { axis: null, domain: [Math.min(...ys), Math.max(...ys)] },
    marks: [
      ...[...new Set(arrows.map(({ bend }) => bend))].map((bend) =>
        Plot.arrow(
          arrows.filter((arrow) => arrow.bend === bend),
          {
            ...{ x1: 'x1', y1: 'y1', x2: 'x2', y2: 'y2', bend },
            ...{ stroke: color.quiet, inset: radius + 3, headLength: 7, strokeWidth: 1.4 },
          },
        ),
      ),
      Plot.dot(nodes, {
        ...{ x: 'x', y: 'y', r: radius, strokeWidth: 1.4 },
        fill: ({ leaf }: GraphNode) => (leaf ? tint(color.gold, 0.22) : tint(color.blue, 0.16)),
        stroke: ({ leaf }: GraphNode) => (leaf ? color.gold : color.blue),
      }),
      Plot.text(nodes, { x: 'x', y: 'y', text: 'label', fill: color.ink, fontSize: 13 }),
      Plot.text(
        nodes.filter(({ note }) => note !== undefined),
        { x: 'x', y: 'y', text: 'note', dx: radius + 7, textAnchor: 'start', fill: color.quiet, lineHeight: 1.25 },
      ),
    ],
  };
}

/** (v·v)·(v·v), written out and shared. */
export function treeAndGraph(): Promise<Figure> {
  const product = (x: number, y: number): GraphNode => ({ x, y, label: '×' });
  const leaf = (x: number, y: number): GraphNode => ({ x, y, label: 'v', leaf: true });
  return figure('(v·v)·(v·v) as a tree of seven nodes, and as a graph of three', (Plot) => [
    graphPanel(
      Plot,
      [product(3, 2), product(1, 1), product(5, 1), leaf(0, 0), leaf(2, 0), leaf(4, 0), leaf(6, 0)],
      [
        [1, 0],
        [2, 0],
        [3, 1],
        [4, 1],
        [5, 2],
        [6, 2],
      ],
      { width: 380, height: 240, heading: 'Written out: 7 nodes' },
    ),
    graphPanel(
      Plot,
      [product(0, 2), product(0, 1), leaf(0, 0)],
      [
        [1, 0, 35],
        [1, 0, -35],
        [2, 1, 35],
        [2, 1, -35],
      ],
      { width: 220, height: 240, heading: 'In memory: 3 nodes' },
    ),
  ]);
}

/** y = (a + b)·a at a = 3, b = 2: values, and the cotangents that travel back. */
export function reverseMode(): Promise<Figure> {
  const graph = (notes: readonly string[]): GraphNode[] => [
    { x: 0, y: 0, label: 'a', note: notes[0], leaf: true },
    { x: 2, y: 0, label: 'b', note: notes[1], leaf: true },
    { x: 1.2, y: 1, label: '+', note: notes[2] },
    { x: 0.5, y: 2, label: '×', note: notes[3] },
  ];
  const up = [
    [0, 2],
    [1, 2],
    [0, 3],
    [2, 3],
  ] as const;
  const down = up.map(([from, to]) => [to, from] as const);
  const size = { width: 340, height: 270 };
  return figure('y = (a + b)·a: values go up, cotangents come down', (Plot) => [
    graphPanel(Plot, graph(['3', '2', '5', 'y = 15']), up, { ...size, heading: 'Forward: values' }),
    graphPanel(Plot, graph(['5 + 3 = 8', '3', 'a·1 = 3', '1']), down, { ...size, heading: 'Backward: cotangents' }),
  ]);
}
