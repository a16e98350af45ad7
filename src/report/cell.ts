import type { Choice, SearchSpace } from '../search/index.ts';
import { escape } from './page.ts';

/** The colour of an operation, by its place in the search space. */
export function operationColor(op: number): string {
  return `var(--op-${op})`;
}

/** Which colour is which operation. */
export function operationLegend({ operations }: SearchSpace): string {
  const items = operations.flatMap((name, op) =>
    name === 'none' ? [] : [`<li><span style="background:${operationColor(op)}"></span>${escape(name)}</li>`],
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

const STEP = 14; // height of an arc for each node it passes
const STRAND = 4; // between the strands of an edge

/**
 * A cell: its nodes in a row, every edge a bundle of arcs, one for each operation that it has. Edges of odd length are
 * above, of even length below; operations that go in this round are dashed.
 *
 * @param mask `[edge][operation]`
 */
export function drawCell(
  space: SearchSpace,
  mask: readonly (readonly boolean[])[],
  {
    gone = [],
    cell = 0,
    spacing = space.name === 'darts' ? 50 : 92,
  }: { gone?: readonly Choice[]; cell?: number; spacing?: number } = {},
): string {
  const inputs = space.name === 'darts' ? 2 : 1;
  const ends = space.edges.map((name) => {
    const [target, source] = name.split('<-').map(Number);
    // DARTS numbers targets from its first node, sources from its first input.
    return { target: space.name === 'darts' ? target + inputs : target, source };
  });
  const count = Math.max(...ends.map(({ target }) => target)) + 1;
  const strands = space.operations.length - 2;
  const longest = (odd: number) =>
    Math.max(0, ...ends.map(({ target, source }) => target - source).filter((length) => length % 2 === odd));
  const reach = (length: number) => (length === 0 ? 0 : STEP * length + STRAND * strands);
  const [above, below] = [Math.max(reach(longest(1)), 16) + 8, Math.max(reach(longest(0)), 16) + 8];
  const x = (node: number) => 24 + spacing * node;
  const y = above;
  const arcs = ends.flatMap(({ target, source }, edge) => {
    const present = mask[edge].flatMap((on, op) => (on ? [op] : []));
    const length = target - source;
    const side = length % 2 === 1 ? -1 : 1;
    return present.map((op, k) => {
      const peak = 2 * side * (STEP * length + STRAND * k); // a quadratic curve gets half as far as its control point
      const goes = gone.some((choice) => choice.cell === cell && choice.edge === edge && choice.op === op);
      const look = goes ? ' stroke-dasharray="3 3" stroke-opacity="0.75"' : '';
      return `<path d="M${x(source)} ${y}Q${(x(source) + x(target)) / 2} ${y + peak} ${x(target)} ${y}" stroke="${operationColor(op)}"${look}><title>${escape(`${space.edges[edge]} ${space.operations[op]}${goes ? ', pruned in this round' : ''}`)}</title></path>`;
    });
  });
  const names = Array.from({ length: count }, (_, node) => nodeName(space, node, inputs));
  const nodes = names.map(
    (name, node) =>
      `<ellipse cx="${x(node)}" cy="${y}" rx="${name.length > 1 ? 17 : 11}" ry="11" fill="var(--card)" stroke="var(--quiet)" stroke-width="1.5"/><text x="${x(node)}" y="${y + 4}" text-anchor="middle" fill="currentColor">${name}</text>`,
  );
  const [width, height] = [48 + spacing * (count - 1), above + below];
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(`${space.cells[cell]} with ${arcs.length} operations`)}" font-size="11"><g fill="none" stroke-width="2.2">${arcs.join('')}</g>${nodes.join('')}</svg>`;
}

function nodeName({ name }: SearchSpace, node: number, inputs: number): string {
  if (name !== 'darts') return String(node);
  return node < inputs ? `k−${inputs - node}` : String(node - inputs);
}
