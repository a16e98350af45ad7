import { type Mode, type Module, type Parameter, Trace } from '../nn/index.ts';
import { InputError } from '../errors.ts';
import { nextTurn, turnIsDue } from '../turns.ts';
import {
  type Backend,
  bytesOf,
  type DType,
  type NDArray,
  type PlannedEvaluation,
  planEvaluation,
  type Shape,
  sizeOf,
  structureOf,
  type Tensor,
} from '../tensor/index.ts';
import type { KernelOutputs } from './outputs.ts';
import { accepts, describeChoice, type ParameterChoice } from './selection.ts';
import { type Sweep, sweepOf } from './sweep.ts';

/** Which rows of J are computed, and how. */
export interface RecipeRequest {
  readonly mode: Mode;
  readonly dtype: DType;
  readonly outputs: KernelOutputs;
  readonly parameters: ParameterChoice;
  readonly backend: Backend;
  readonly blockRows: number | undefined;
}

/** How the rows of J of all networks of one structure are computed. */
export interface Recipe {
  readonly sweep: Sweep;
  /** Of the network's outputs and the gradients. */
  readonly planned: PlannedEvaluation;
  /** The program's input for each input of a network's graph, in the order of {@link structureOf}. */
  readonly leaves: readonly (Tensor | undefined)[];
  /** The constants of the network's graph: equal keys may hide that large ones differ. */
  readonly constants: readonly NDArray[];
}

/** A recipe, and how one network fits it. */
export interface NetworkRecipe {
  readonly recipe: Recipe;
  readonly trace: Trace;
  /** The program's inputs, each with the expression of the network's parameter or buffer that it stands for. */
  readonly leaves: readonly (readonly [program: Tensor, network: Tensor])[];
  /** The parameters whose columns J has. */
  readonly parameters: readonly { readonly name: string; readonly shape: Shape; readonly parameter: Parameter }[];
  /** The number of all numbers in the network's parameters. */
  readonly totalParameters: number;
}

/** Recipes by structure, the one last used at the end. */
const recipes = new Map<string, Recipe>();
const MOST_RECIPES = 64;
/** Constants are kept with their recipes; this is the most that they may hold together. */
const MOST_BYTES = 2 ** 26;

function keep(name: string, recipe: Recipe): void {
  recipes.set(name, recipe);
  const bytes = ({ constants }: Recipe) => constants.reduce((sum, constant) => sum + bytesOf(constant), 0);
  let total = [...recipes.values()].reduce((sum, each) => sum + bytes(each), 0);
  for (const [oldest, each] of recipes) {
    if (recipes.size <= MOST_RECIPES && total <= MOST_BYTES) return;
    recipes.delete(oldest);
    total -= bytes(each);
  }
}

function sameConstants(a: readonly NDArray[], b: readonly NDArray[]): boolean {
  return a.every(({ data }, i) => data.every((value, k) => Object.is(value, b[i].data[k])));
}

/**
 * Traces a network and finds the recipe for its rows: differentiation and planning are done once for all networks of the
 * same structure, as a search or a sweep has them.
 *
 * @throws ShapeError when the batch does not fit the network, InputError when no parameter is chosen.
 */
export async function recipeFor(
  network: Module,
  shape: Shape,
  request: RecipeRequest,
  signal?: AbortSignal,
): Promise<NetworkRecipe> {
  const { mode, dtype, backend, outputs, blockRows } = request;
  const trace = new Trace(network, shape, { mode, dtype });
  if (turnIsDue()) await nextTurn(signal);
  const { key, inputs, constants } = structureOf([trace.y]);
  const chosen = chooseParameters(network, trace, new Set(inputs), request.parameters);
  const columns = chosen.map(({ leaf }) => inputs.indexOf(leaf));
  const blocks = JSON.stringify([backend.parallelism, backend.blocks, blockRows]);
  const name = [shape.join(), String(outputs), columns.join(), blocks, inputs.indexOf(trace.x), key].join('\n');
  let recipe = recipes.get(name);
  recipes.delete(name);
  if (recipe === undefined || !sameConstants(recipe.constants, constants)) {
    const parameters = chosen.map(({ leaf }) => leaf);
    if (turnIsDue()) await nextTurn(signal);
    const sweep = sweepOf({ network, trace, parameters, outputs, backend, blockRows });
    if (turnIsDue()) await nextTurn(signal);
    recipe = {
      sweep,
      planned: planEvaluation([sweep.y, ...sweep.gradients], sweep.varying),
      leaves: inputs.map((leaf) => (leaf === trace.x ? undefined : sweep.leafOf(leaf))),
      constants,
    };
  }
  keep(name, recipe);
  return {
    recipe,
    trace,
    leaves: recipe.leaves.flatMap((leaf, i) => (leaf ? [[leaf, inputs[i]] as const] : [])),
    parameters: chosen,
    totalParameters: [...network.namedParameters().values()].reduce((sum, each) => sum + sizeOf(each.shape), 0),
  };
}

function chooseParameters(
  network: Module,
  trace: Trace,
  graph: ReadonlySet<Tensor>,
  choice: ParameterChoice,
): { name: string; shape: Shape; leaf: Tensor; parameter: Parameter }[] {
  const accept = accepts(choice);
  const all = [...trace.parameters(network)].filter(([, leaf]) => graph.has(leaf));
  const parameters = network.namedParameters();
  const chosen = all.flatMap(([name, leaf]) =>
    accept(name) ? [{ name, shape: leaf.shape, leaf, parameter: parameters.get(name)! }] : [],
  );
  if (chosen.length === 0) {
    const names = all.map(([name]) => name).slice(0, 4);
    throw new InputError(
      `network: expected at least one parameter chosen by ${describeChoice(choice)}, got none of ${all.length}` +
        (all.length > 0 ? ` (${names.join(', ')}${all.length > names.length ? ', …' : ''})` : ''),
    );
  }
  return chosen;
}
