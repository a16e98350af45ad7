import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readState } from '../../web/src/link.ts';
import { cellSchema } from '../../web/src/rooms/cell/link.ts';
import { trainingSchema } from '../../web/src/rooms/training/link.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));

/** The pieces of the laboratory that pages show. */
const frames = ['', 'guide/']
  .flatMap((folder) => readdirSync(docs + folder).map((name) => folder + name))
  .filter((name) => name.endsWith('.md'))
  .flatMap((page) =>
    [...readFileSync(docs + page, 'utf8').matchAll(/<LabFrame room="(\w+)" state="([^"]*)"/g)].map(
      ([, room, state]) => ({ page, room, state }),
    ),
  );

test('the guide shows pieces of the laboratory', () => {
  expect(frames.map(({ room }) => room)).toEqual(expect.arrayContaining(['cell', 'training']));
});

test.each(frames)('$page: the $room room understands the state $state', ({ room, state }) => {
  const schema = { cell: cellSchema, training: trainingSchema }[room];
  if (schema === undefined) throw new Error(`no room ${room}`);
  expect(
    readState<typeof cellSchema | typeof trainingSchema>(schema, new URLSearchParams(state)).problem,
  ).toBeUndefined();
});
