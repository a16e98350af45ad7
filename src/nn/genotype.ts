import { InputError } from '../tensor/index.ts';
import { NAS_BENCH_201_SPACE } from './spaces.ts';

/** For each node of a cell after the first, the operation on the edge from every earlier node. */
export type Genotype = readonly (readonly string[])[];

/**
 * A NAS-Bench-201 cell from its string, e.g. `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|…|`: nodes are separated by `+`,
 * edges by `|`, and `op~j` is the operation on the edge from node j.
 *
 * @throws InputError when the string is not of that form or an operation is not of the search space.
 *
 * @example
 * const cell = parseGenotype('|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|');
 * console.log(cell[1]); // [ 'none', 'nor_conv_1x1' ]
 */
export function parseGenotype(text: string): Genotype {
  const bad = (reason: string) => new InputError(`architecture ${JSON.stringify(text)}: ${reason}`);
  const nodes = text.trim().split('+');
  if (nodes.length !== 3) throw bad(`expected 3 nodes separated by '+', got ${nodes.length}`);
  return nodes.map((node, i) => {
    if (!/^\|.*\|$/.test(node)) throw bad(`expected node ${i + 1} between '|', got ${JSON.stringify(node)}`);
    const edges = node.slice(1, -1).split('|');
    if (edges.length !== i + 1) throw bad(`expected ${i + 1} edges into node ${i + 1}, got ${edges.length}`);
    return edges.map((edge, j) => {
      const [op, from, ...rest] = edge.split('~');
      if (from !== String(j) || rest.length > 0) throw bad(`expected operation~${j}, got ${JSON.stringify(edge)}`);
      if (!(NAS_BENCH_201_SPACE as readonly string[]).includes(op)) {
        throw bad(`unknown operation ${JSON.stringify(op)}, expected one of ${NAS_BENCH_201_SPACE.join(', ')}`);
      }
      return op;
    });
  });
}

/**
 * The string of a cell; the inverse of {@link parseGenotype}.
 *
 * @example
 * const cell = [['nor_conv_3x3'], ['none', 'nor_conv_1x1'], ['skip_connect', 'none', 'avg_pool_3x3']] as const;
 * console.log(formatGenotype(cell)); // |nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|
 */
export function formatGenotype(genotype: Genotype): string {
  return genotype.map((edges) => `|${edges.map((op, j) => `${op}~${j}`).join('|')}|`).join('+');
}

/** Cells that the literature names. The first is NAS-Bench-201's best on CIFAR-100, 73.51 % (Dong & Yang 2020). */
export const WELL_KNOWN_CELLS: Readonly<Record<string, string>> = {
  'best on CIFAR-100':
    '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|',
  'ResNet block': '|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|',
  'all 3×3 convolutions':
    '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|',
  'all 1×1 convolutions':
    '|nor_conv_1x1~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|nor_conv_1x1~0|nor_conv_1x1~1|nor_conv_1x1~2|',
  'all skip connections':
    '|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|',
};
