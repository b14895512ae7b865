import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The layers of docs/architecture.md, lowest first; folders of one layer do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  [
    'src/errors.ts',
    'src/duration.ts',
    'src/map-concurrently.ts',
    'src/share-calls.ts',
    'src/home.ts',
    'src/json.ts',
    'src/lazy.ts',
    'src/closest-name.ts',
    'src/with-timeout.ts',
  ],
  ['src/private-home.ts'],
  [
    'src/time.ts',
    'src/text.ts',
    'src/ontology.ts',
    'src/derived-uuid.ts',
    'src/allowed-hosts.ts',
    'src/bearer-token.ts',
    'src/input-shapes.ts',
    'src/running-settings.ts',
    'src/setting.ts',
    'src/store-address.ts',
  ],
  // The settings are made from these, which load the rest of their folders only when asked.
  ['src/models/declarations.ts', 'src/models/*/declaration.ts'],
  ['src/archive/stores/declarations.ts', 'src/archive/stores/*/declaration.ts'],
  ['src/settings.ts'],
  [
    'src/config.ts',
    'src/expiry.ts',
    'src/group.ts',
    'src/triplet.ts',
    'src/unpinned-rules.ts',
    'src/ontology',
    'src/telemetry',
    'src/english',
    'src/worker-socket',
  ],
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
  ['src/agents', 'src/page', 'src/supervisor'],
  ['src/cli', 'page'],
];

const files = [...filesBelow('src'), ...filesBelow('workers'), ...filesBelow('page')];
// Types alone cannot make a cycle that a running program meets, nor can what a declaration imports when it is asked.
const imports = new Map(
  files.map((file) => [
    file,
    importsOf(
      file,
      file.endsWith('/declaration.ts') ? /^import type [^;]*;|import\('[^']*'\)/gm : /^import type [^;]*;/gm,
    ),
  ]),
);

test('every file belongs to a layer', () => {
  expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
});

test('imports run downwards only', () => {
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((other) => folderOf(other) !== folderOf(file) && layerOf(other) >= layerOf(file))
      .map((other) => `${file} imports ${other}`),
  );

  expect(upward).toEqual([]);
});

test('the browser page shares only the types of its server calls', () => {
  const shared = files
    .filter((file) => isIn('page', file))
    .flatMap((file) => importsOf(file).filter((other) => !isIn('page', other)));

  expect(new Set(shared)).toEqual(new Set(['src/page/schemas.ts']));
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

const layerOf = (file: string): number => LAYERS.findIndex((folders) => folders.some((folder) => isIn(folder, file)));
/** Within a room everything may be imported, but no file may import itself through others. */
const folderOf = (file: string): string => LAYERS.flat().findLast((folder) => isIn(folder, file)) ?? file;
const isIn = (folder: string, file: string): boolean => matchesGlob(file, folder) || file.startsWith(`${folder}/`);
