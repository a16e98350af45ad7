import { computed, type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { type Room, ROOMS } from './rooms/index.ts';

// The state of a room is its link: `#/cell?arch=…&batch=16`. A link holds what differs from the defaults, and nothing else.

/** What a link says: the room and its query. */
export interface Link {
  readonly room: string;
  readonly query: URLSearchParams;
}

/** Reads the hash of an address; without a hash, as for `#/`, the name of the room is empty. */
export function parseLink(hash: string): Link {
  const [path, ...query] = hash.replace(/^#\/?/, '').split('?');
  return { room: path, query: new URLSearchParams(query.join('?')) };
}

/** The hash of a link. */
export function formatLink({ room, query }: Link): string {
  // Arch strings stay readable: these characters need no escape after the hash.
  const text = query.toString().replace(/%7C/gi, '|').replace(/%7E/gi, '~').replace(/%2C/gi, ',').replace(/%2F/gi, '/');
  return `#/${room}${text === '' ? '' : `?${text}`}`;
}

/**
 * The state of a room in its link: an object whose every entry is read from text and has a default, as {@link integer},
 * {@link number}, {@link choice}, {@link flag} and {@link text} make them.
 */
export type LinkSchema = v.ObjectSchema<v.ObjectEntries, undefined>;

/** A whole number within bounds. */
export const integer = (low: number, high: number, fallback: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^-?\d{1,15}$/, `a whole number from ${low} to ${high}`),
      v.transform(Number),
      v.minValue(low, `a whole number from ${low} to ${high}`),
      v.maxValue(high, `a whole number from ${low} to ${high}`),
    ),
    String(fallback),
  );

/** A number within bounds. */
export const number = (low: number, high: number, fallback: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i, `a number from ${low} to ${high}`),
      v.transform(Number),
      v.minValue(low, `a number from ${low} to ${high}`),
      v.maxValue(high, `a number from ${low} to ${high}`),
    ),
    String(fallback),
  );

/** One of some words. */
export const choice = <const T extends string>(words: readonly T[], fallback: NoInfer<T>) =>
  v.optional(
    v.pipe(v.string(), v.picklist(words, `one of ${words.join(', ')}`)),
    fallback as string, // the input of a pipe that begins with a string
  );

/** Yes or no. */
export const flag = (fallback: boolean) =>
  v.optional(
    v.pipe(
      v.string(),
      v.picklist(['true', 'false'], 'true or false'),
      v.transform((word) => word === 'true'),
    ),
    String(fallback),
  );

/** Text that passes a check. @param expected says what is, in messages */
export const text = (fallback: string, expected: string, check: (value: string) => boolean) =>
  v.optional(v.pipe(v.string(), v.check(check, expected)), fallback);

/** The values of a state, and what was wrong with the link, in one line. */
export interface ReadState<S extends LinkSchema> {
  readonly state: v.InferOutput<S>;
  readonly problem: string | undefined;
}

/** Keys that the page around the rooms reads. */
const SHELL_KEYS = ['embed', 'theme'];

/** Most characters of a link that a message quotes. */
const MOST_TOLD = 80;

/** A part of a link, as messages quote it. */
export function told(given: string): string {
  return JSON.stringify(given.length > MOST_TOLD ? `${given.slice(0, MOST_TOLD)}…` : given);
}

/** Reads a state from a link. What is missing or broken becomes the default; the first fault is reported. */
export function readState<S extends LinkSchema>(schema: S, query: URLSearchParams): ReadState<S> {
  const state: Record<string, unknown> = {};
  let problem: string | undefined;
  for (const [key, entry] of Object.entries(schema.entries)) {
    const given = query.get(key) ?? undefined;
    const read = v.safeParse(entry, given);
    state[key] = read.success ? read.output : v.parse(entry, undefined);
    if (!read.success) {
      problem ??= `link: ${key}: expected ${read.issues[0].message}, got ${told(given ?? '')}; it is ${String(state[key]) || 'nothing'} here`;
    }
    if (query.getAll(key).length > 1) problem ??= `link: ${key}: expected one value, got more; the first is taken here`;
  }
  for (const key of query.keys()) {
    if (!Object.hasOwn(schema.entries, key) && !SHELL_KEYS.includes(key)) {
      const known = Object.keys(schema.entries).join(', ');
      problem ??= `link: ${told(key)} is not known here, expected ${known}`;
    }
  }
  return { state: state, problem };
}

/** The query of a state: what differs from the defaults. Keys that the page around the rooms reads are kept. */
export function writeState<S extends LinkSchema>(
  schema: S,
  state: v.InferOutput<S>,
  before = new URLSearchParams(),
): URLSearchParams {
  const query = new URLSearchParams();
  const values = state as Readonly<Record<string, unknown>>;
  for (const [key, entry] of Object.entries(schema.entries)) {
    const [value, fallback] = [String(values[key]), String(v.parse(entry, undefined))];
    if (value !== fallback) query.set(key, value);
  }
  for (const key of SHELL_KEYS) if (before.has(key)) query.set(key, before.get(key)!);
  return query;
}

const hash = signal('');

/** The current link of the page. */
export const link: ReadonlySignal<Link> = computed(() => parseLink(hash.value));

/** The room that is shown: the one that the link names, else the first. */
export const currentRoom: ReadonlySignal<Room> = computed(
  () => ROOMS.find(({ name }) => name === link.value.room) ?? ROOMS[0],
);

/** Whether the page is shown inside another, without its header. */
export const embedded: ReadonlySignal<boolean> = computed(() => link.value.query.get('embed') === '1');

/** Follows the address bar from now on. */
export function followLinks(): void {
  const read = () => (hash.value = location.hash);
  addEventListener('popstate', read);
  addEventListener('hashchange', read);
  read();
}

let last = { keys: '', time: -Infinity };

/** Changes of the same values within this time are one step of the history, in ms. */
const ONE_STEP = 800;

/** The state of a room as its component sees it. */
export interface LinkState<S extends LinkSchema> {
  readonly state: ReadonlySignal<v.InferOutput<S>>;
  /** What is wrong with the link, in one line. */
  readonly problem: ReadonlySignal<string | undefined>;
  /** Changes some values. Changes in quick succession, as of a slider, are one step of the history. */
  readonly update: (changes: Partial<v.InferOutput<S>>) => void;
  /** The hash with some values changed. */
  readonly hrefWith: (changes: Partial<v.InferOutput<S>>) => string;
}

/** The state of a room, called once in its module: `const { state, problem, update } = linkState('cell', schema)`. */
export function linkState<S extends LinkSchema>(room: string, schema: S): LinkState<S> {
  let kept: ReadState<S> = readState(schema, new URLSearchParams());
  // Another room's link leaves it as it is.
  const read = computed(() => {
    if (currentRoom.value.name === room) kept = readState(schema, link.value.query);
    return kept;
  });
  let previous: { readonly text: string; readonly state: v.InferOutput<S> } | undefined;
  const state = computed(() => {
    const { state: next } = read.value;
    const text = JSON.stringify(next);
    if (previous?.text !== text) previous = { text, state: next };
    return previous.state;
  });
  const hrefWith = (changes: Partial<v.InferOutput<S>>) =>
    formatLink({ room, query: writeState(schema, { ...state.peek(), ...changes }, link.peek().query) });
  return {
    state,
    problem: computed(() => read.value.problem),
    hrefWith,
    update(changes) {
      const [keys, time] = [Object.keys(changes).join(), performance.now()];
      const next = hrefWith(changes);
      if (keys === last.keys && time - last.time < ONE_STEP) history.replaceState(null, '', next);
      else history.pushState(null, '', next);
      last = { keys, time };
      hash.value = next;
    },
  };
}
