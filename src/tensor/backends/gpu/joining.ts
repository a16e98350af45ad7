import type { Dialect } from './dialect.ts';
import { MOST_TURNS, operandName } from './kernelText.ts';
import type { ArrayId, KernelCall, KernelSource } from './lowering.ts';

// A launch costs as much as thousands of elements. Kernels of as many texels that do not need each other are therefore
// joined: one kernel that does what they do, and writes what they write.

/** Something that is done in order: a call of a kernel, or anything else. */
export interface Task {
  readonly reads: readonly ArrayId[];
  readonly writes: readonly ArrayId[];
  readonly call?: KernelCall | undefined;
}

/** A call of a joined kernel. */
export type JoinedTask = Task & { readonly item?: undefined };

/** The longest text of a joined kernel: compilers take more than in proportion. */
const LONGEST_TEXT = 5_000;

/** How many tasks a task may be moved over: what it reads or writes is held for as long. */
const WINDOW = 96;

/** Tasks that are done together, in one place of the order. */
type Group<T extends Task> = T[];

/**
 * Joins calls, first with earlier ones, then with later ones; what is no call stays where it is.
 *
 * @returns the tasks in an order in which everything is written before it is read.
 */
export function joinTasks<T extends Task>(tasks: readonly T[], dialect: Dialect): (T | JoinedTask)[] {
  if (dialect.mostPlanes === 1) return [...tasks];
  const earlier = gather(
    tasks.map((task) => [task]),
    dialect,
    (group) => group.flatMap(({ reads }) => reads),
    (group) => group.flatMap(({ writes }) => writes),
  );
  const later = gather(
    earlier.reverse(),
    dialect,
    (group) => group.flatMap(({ writes }) => writes),
    (group) => group.flatMap(({ reads }) => reads),
  ).reverse();
  return later.map((group) => (group.length === 1 ? group[0] : joined(group.map(({ call }) => call!).sort(byText))));
}

/** So that joined kernels of the same kernels are the same. */
const byText = (a: KernelCall, b: KernelCall) =>
  a.kernel.body < b.kernel.body ? -1 : a.kernel.body > b.kernel.body ? 1 : 0;

/**
 * Puts each group into the first one before it that it can be joined with, of equal text if there is one: the fewer kinds
 * of kernels there are, the fewer are compiled.
 *
 * @param needs the arrays that have to be there before a group, and `gives` those that are there after it. The arrays
 * that groups after one read are there after it if the order is turned round.
 */
function gather<T extends Task>(
  groups: readonly Group<T>[],
  dialect: Dialect,
  needs: (group: Group<T>) => readonly ArrayId[],
  gives: (group: Group<T>) => readonly ArrayId[],
): Group<T>[] {
  const result: Group<T>[] = [];
  /** The last of the groups that give an array. */
  const last = new Map<ArrayId, number>();
  for (const group of groups) {
    const after = Math.max(-1, ...needs(group).map((id) => last.get(id) ?? -1));
    const from = Math.max(after + 1, result.length - WINDOW);
    // Not into one that gives what it needs, nor before it.
    const places = result.flatMap((other, i) => (i >= from && canJoin(other, group, dialect) ? [i] : []));
    const place = places.find((i) => isAlike(result[i], group)) ?? places[0] ?? result.push([]) - 1;
    result[place].push(...group);
    for (const id of gives(group)) last.set(id, Math.max(place, last.get(id) ?? -1));
  }
  return result;
}

const isAlike = (a: readonly Task[], b: readonly Task[]) => a[0].call?.kernel.body === b[0].call?.kernel.body;

function canJoin(a: readonly Task[], b: readonly Task[], { mostPlanes, mostOperands }: Dialect): boolean {
  const calls = [...a, ...b].map(({ call }) => call);
  const [first] = calls;
  if (first === undefined) return false;
  const reads = new Set<ArrayId>();
  let [planes, turns, text] = [0, 0, 0];
  for (const call of calls) {
    if (call?.kernel.texels !== first.kernel.texels) return false;
    call.reads.forEach((id) => reads.add(id));
    planes += call.writes.length;
    turns += call.kernel.turns;
    text += call.kernel.body.length;
  }
  return planes <= mostPlanes && reads.size <= mostOperands && turns <= MOST_TURNS && text <= LONGEST_TEXT;
}

/** One call that does what several do. */
function joined(calls: readonly KernelCall[]): JoinedTask {
  const reads = [...new Set(calls.flatMap((call) => call.reads))];
  const writes = calls.flatMap((call) => call.writes);
  const operandTexels = new Map(
    calls.flatMap(({ reads: ids, kernel }) => ids.map((id, i) => [id, kernel.operandTexels[i]] as const)),
  );
  const parts = calls.map(({ kernel, reads: ids }, i) => {
    const rename = (text: string) =>
      text
        .replace(/\bv(\d+)\b/g, (_, number: string) => `v${i}_${number}`)
        .replace(/\ba(\d+)\b/g, (_, number: string) => operandName(reads.indexOf(ids[Number(number)])));
    return { body: rename(kernel.body), planes: kernel.planes.map((lanes) => lanes.map(rename)) };
  });
  const kernel: KernelSource = {
    body: parts.map(({ body }) => body).join('\n  '),
    planes: parts.flatMap(({ planes }) => planes) as unknown as KernelSource['planes'],
    operandTexels: reads.map((id) => operandTexels.get(id)!),
    texels: calls[0].kernel.texels,
    turns: calls.reduce((sum, call) => sum + call.kernel.turns, 0),
  };
  return { reads, writes, call: { kernel, reads, writes } };
}
