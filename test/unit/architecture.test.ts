import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The floors of docs/architecture.md, lowest first; rooms of one floor know nothing of each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['src/errors.ts', 'src/few-at-once.ts', 'src/home.ts', 'src/json.ts', 'src/lazy.ts', 'src/with-timeout.ts'],
  [
    'src/time.ts',
    'src/text.ts',
    'src/ontology.ts',
    'src/derived-uuid.ts',
    'src/settings.ts',
    'src/http-hosts.ts',
    'src/strict.ts',
    'src/running-note.ts',
  ],
  ['src/config.ts', 'src/group.ts', 'src/triplet.ts', 'src/ontology', 'src/telemetry', 'src/english'],
  ['src/episode.ts', 'src/statements'],
  ['src/embedded', 'src/valkey', 'src/models', 'src/schedule', 'src/import', 'src/passages'],
  ['src/graph', 'src/queue'],
  ['src/journal'],
  ['src/search', 'src/archive', 'src/redaction'],
  ['src/reader', 'src/ingest', 'src/upkeep', 'src/briefing'],
  ['src/forget'],
  ['src/memory'],
  ['src/memory.ts'],
  ['src/index.ts', 'workers'],
  ['src/agents'],
  ['src/cli'],
];

const files = [...filesBelow('src'), ...filesBelow('workers')];
// Types alone cannot make a cycle that a running program meets.
const imports = new Map(files.map((file) => [file, importsOf(file, /^import type [^;]*;/gm)]));

test('every file stands in a room', () => {
  expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
});

test('imports run downwards only', () => {
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((other) => roomOf(other) !== roomOf(file) && floorOf(other) >= floorOf(file))
      .map((other) => `${file} imports ${other}`),
  );

  expect(upward).toEqual([]);
});

test('no file imports itself through others', () => {
  expect(files.filter((file) => reachable(file).has(file))).toEqual([]);
});

test('files are short', () => {
  const lengths = files.map((file) => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }));

  expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
});

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name);
    return statSync(join(ROOT, path)).isDirectory() ? filesBelow(path) : [path];
  });
}

function importsOf(file: string, but?: RegExp): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const text = but === undefined ? source : source.replace(but, '');
  return [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );
}

function reachable(file: string): Set<string> {
  const seen = new Set<string>();
  for (const queue = [...(imports.get(file) ?? [])]; queue.length > 0; ) {
    const next = queue.pop() ?? '';
    if (seen.has(next)) continue;
    seen.add(next);
    queue.push(...(imports.get(next) ?? []));
  }
  return seen;
}

const floorOf = (file: string): number => FLOORS.findIndex((rooms) => rooms.some((room) => isIn(room, file)));
const roomOf = (file: string): string => FLOORS.flat().find((room) => isIn(room, file)) ?? file;
const isIn = (room: string, file: string): boolean => file === room || file.startsWith(`${room}/`);
