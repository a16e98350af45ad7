import { type Genotype, NAS_BENCH_201_SPACE } from 'ntkit/nn';
import { useId } from 'preact/hooks';
import { EDGES, type Operation, OPERATION_NAMES, withOperation } from './cells.ts';

// The nodes stand in a row; edges that skip a node are arcs above or below it. The operations are form fields,
// laid over the middle of their edges, so that their text keeps its size when the drawing shrinks.

const [WIDTH, HEIGHT] = [480, 210];
const NODES_X = [22, 167, 313, 458] as const;
const NODE_Y = 128;
const RADIUS = 17;

/** Height of an edge's midpoint above the row of nodes, by the number of the edge. */
const RISE = [0, 62, 0, 104, -58, 0] as const;

/** What nodes are called for who cannot see them. */
const NODE_NAMES = ['node 0 (input)', 'node 1', 'node 2', 'node 3 (output)'] as const;

/** A cell as a graph; the operation of every edge can be changed. */
export function CellGraph({
  genotype,
  label,
  onChange,
}: {
  readonly genotype: Genotype;
  /** Names the cell for assistive technology. */
  readonly label: string;
  /** Given the text of the changed cell. */
  readonly onChange: (arch: string) => void;
}) {
  const id = useId();
  const ops = genotype.flat() as Operation[];
  const open = (edge: number) => {
    const field = document.getElementById(`${id}-${edge}`) as HTMLSelectElement;
    field.focus();
    field.showPicker();
  };
  return (
    <fieldset class="cell-graph">
      <legend class="sr-only">{label}</legend>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <marker
          id={`${id}-tip`}
          viewBox="0 0 10 10"
          markerUnits="userSpaceOnUse"
          markerWidth={11}
          markerHeight={11}
          refX={(10 * (RADIUS + 12)) / 11}
          refY={5}
          orient="auto"
        >
          <path d="M0 0L10 5L0 10z" class="tip" />
        </marker>
        {EDGES.map(([from, to], edge) => {
          const [x1, x2] = [NODES_X[from], NODES_X[to]];
          // The midpoint of a quadratic curve is half as high as its control point.
          const path = `M${x1} ${NODE_Y}Q${(x1 + x2) / 2} ${NODE_Y - 2 * RISE[edge]} ${x2} ${NODE_Y}`;
          return (
            <g key={edge} class={`edge ${ops[edge]}`} onClick={() => open(edge)}>
              <path class="target" d={path} />
              <path class="line" d={path} marker-end={`url(#${id}-tip)`} />
            </g>
          );
        })}
        {NODES_X.map((x, node) => (
          <circle key={node} class="node" cx={x} cy={NODE_Y} r={RADIUS} />
        ))}
        {NODES_X.map((x, node) => (
          <text key={node} x={x} y={NODE_Y + 5} text-anchor="middle">
            {node}
          </text>
        ))}
      </svg>
      {EDGES.map(([from, to], edge) => (
        <select
          key={edge}
          id={`${id}-${edge}`}
          class={ops[edge]}
          aria-label={`Edge from ${NODE_NAMES[from]} to ${NODE_NAMES[to]}`}
          value={ops[edge]}
          style={{
            left: `${(50 * (NODES_X[from] + NODES_X[to])) / WIDTH}%`,
            top: `${(100 * (NODE_Y - RISE[edge])) / HEIGHT}%`,
          }}
          onChange={({ currentTarget }) => onChange(withOperation(genotype, edge, currentTarget.value))}
        >
          {NAS_BENCH_201_SPACE.map((op) => (
            <option key={op} value={op}>
              {OPERATION_NAMES[op]}
            </option>
          ))}
        </select>
      ))}
    </fieldset>
  );
}
