import type { JacobianRows } from '../../ntk/index.ts';
import { InputError, type NDArray, sizeOf } from '../../tensor/index.ts';
import type { RoledParameter } from './roles.ts';

/** The rows of J that somebody else computed: [N, …] for one row per sample, [N·K, …] for all outputs. */
export interface SentRows {
  /** All columns side by side, [rows, P], in the order of the network's parameters. */
  readonly joined?: NDArray | undefined;
  /** [rows, …] of single parameters. */
  readonly byParameter: ReadonlyMap<string, NDArray>;
}

/** How one parameter's rows compare. */
export interface ParameterDifference {
  readonly name: string;
  /** The largest difference of a row's part, relative to the length of the whole row. */
  readonly difference: number;
  readonly agrees: boolean;
}

/** How rows compare, and where the difference begins. */
export interface RowDifferences {
  /** In the order of the forward pass. */
  readonly parameters: readonly ParameterDifference[];
  /**
   * The parameter that the difference begins at: the last of the forward pass whose rows differ. Gradients are computed
   * from the output backwards, so that those after it are right. Undefined where all rows agree.
   */
  readonly begins: string | undefined;
  /** Whether the kernel that was sent is the product of the rows that were sent; undefined where columns are missing. */
  readonly giveKernel: boolean | undefined;
}

/** What rows are compared with. */
export interface RowRequest {
  readonly sent: SentRows;
  readonly ntk: NDArray;
  /** As they should be, of all parameters. */
  readonly rows: JacobianRows;
  /** In the order of the forward pass. */
  readonly parameters: readonly RoledParameter[];
  readonly isChosen: (name: string) => boolean;
  readonly tolerance: number;
}

/**
 * Compares rows, parameter by parameter.
 *
 * @throws InputError when rows have another shape than the settings ask for, or are of a parameter that is not there.
 */
export function rowDifferences(request: RowRequest): RowDifferences {
  const { rows, parameters, tolerance, isChosen, ntk } = request;
  const sent = separate(request);
  const expected = new Map(rows.parameters.map((each) => [each.name, Float64Array.from(each.rows.data)]));
  const count = countOf(rows);
  const lengths = new Float64Array(count);
  for (const [name, data] of expected) if (isChosen(name)) addSquares(lengths, data);
  const compared = parameters.flatMap(({ name }): ParameterDifference[] => {
    const given = sent.get(name);
    if (given === undefined) return [];
    const off = new Float64Array(count);
    addSquares(
      off,
      expected.get(name)!.map((each, e) => each - given[e]),
    );
    const difference = off.reduce((most, each, i) => {
      return each === 0 ? most : Math.max(most, Math.sqrt(each / lengths[i]));
    }, 0);
    return [{ name, difference, agrees: difference <= tolerance }];
  });
  const chosen = parameters.filter(({ name }) => isChosen(name));
  const isWhole = chosen.every(({ name }) => sent.has(name));
  return {
    parameters: compared,
    begins: compared.findLast(({ agrees }) => !agrees)?.name,
    giveKernel: isWhole
      ? productIs(
          ntk,
          chosen.map(({ name }) => sent.get(name)!),
          rows,
          tolerance,
        )
      : undefined,
  };
}

/** How many rows J has. */
const countOf = ({ samples, rowsPerSample }: JacobianRows): number => samples * rowsPerSample;

/** Adds the squared length of each row. */
function addSquares(squares: Float64Array, data: Float64Array): void {
  const width = data.length / squares.length;
  data.forEach((each, e) => (squares[Math.floor(e / width)] += each * each));
}

/** The rows of each parameter that were sent. */
function separate({ sent, rows, isChosen }: RowRequest): Map<string, NDArray['data']> {
  const count = countOf(rows);
  const found = new Map<string, NDArray['data']>();
  for (const [name, { shape, data }] of sent.byParameter) {
    const parameter = rows.parameters.find((each) => each.name === name);
    if (parameter === undefined) throw new InputError(`rows.${name}: expected the name of a parameter of the network`);
    const size = sizeOf(parameter.shape);
    if (shape[0] !== count || data.length !== count * size) {
      throw new InputError(`rows.${name}: expected ${count} rows of ${size} numbers, got shape [${shape.join(', ')}]`);
    }
    found.set(name, data);
  }
  if (sent.joined === undefined) return found;
  const { shape, data } = sent.joined;
  const width = (parts: JacobianRows['parameters']) => parts.reduce((sum, each) => sum + sizeOf(each.shape), 0);
  const chosen = rows.parameters.filter(({ name }) => isChosen(name));
  const parts = [chosen, rows.parameters].find((each) => width(each) === shape[1]);
  if (shape.length !== 2 || shape[0] !== count || parts === undefined) {
    throw new InputError(
      `rows: expected shape [${count}, ${width(chosen)}], or [${count}, ${width(rows.parameters)}] with all parameters, ` +
        `got [${shape.join(', ')}]`,
    );
  }
  let offset = 0;
  for (const part of parts) {
    const size = sizeOf(part.shape);
    const own = new Float64Array(count * size);
    for (let i = 0; i < count; i++) {
      own.set(data.subarray(i * shape[1] + offset, i * shape[1] + offset + size), i * size);
    }
    found.set(part.name, own);
    offset += size;
  }
  return found;
}

/** Whether a kernel is the product of rows. */
function productIs(ntk: NDArray, parts: readonly NDArray['data'][], rows: JacobianRows, tolerance: number): boolean {
  const count = countOf(rows);
  const merged = rows.outputs === 'trace' ? rows.rowsPerSample : 1;
  const size = count / merged;
  if (ntk.shape[0] !== size) return false;
  const inner = (i: number, j: number) =>
    parts.reduce((sum, data) => {
      const width = (data.length / count) * merged;
      let part = 0;
      for (let e = 0; e < width; e++) part += data[i * width + e] * data[j * width + e];
      return sum + part;
    }, 0);
  const squares = Array.from({ length: size }, (_, i) => inner(i, i));
  return squares.every((square, i) =>
    squares
      .slice(0, i + 1)
      .every((other, j) => Math.abs(ntk.data[i * size + j] - inner(i, j)) <= tolerance * Math.sqrt(square * other)),
  );
}
