import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { findDefinition, loadOntology } from '../../../src/ontology/load.ts';
import { NO_ONTOLOGY } from '../../../src/ontology.ts';

const here = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'memory-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DEFINE = `import { defineMemory } from '${here('src/ontology/define.ts')}';\n`;
const ZOD = `import * as z from '${here('node_modules/zod/index.js')}';\n`;
const example = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(here('docs/types.md'), 'utf8'))?.[1] ?? '';
const jsonExample = /^```json\n([\s\S]*?)^```$/m.exec(readFileSync(here('docs/types.md'), 'utf8'))?.[1] ?? '';

/** Name of the file, its text, and what loading it gives: the names of its types, or a sentence. */
const FILES: readonly (readonly [file: string, text: string, gives: string | RegExp])[] = [
  [
    'good.ts',
    `${DEFINE}${ZOD}export default defineMemory({ entityTypes: { Cat: { attributes: z.object({ a: z.int() }) } } });`,
    'Cat',
  ],
  ['good.mts', 'export default { entityTypes: { Cat: {}, Dog: {} } } satisfies object;', 'Cat Dog'],
  ['good.js', 'export default { entityTypes: { Cat: {} } };', 'Cat'],
  ['good-common.js', 'module.exports = { entityTypes: { Cat: {} } };', 'Cat'],
  ['good.mjs', 'export default { entityTypes: { Cat: {} } };', 'Cat'],
  ['good.json', '\uFEFF{"entityTypes": {"Cat": {}}}', 'Cat'],
  ['the-docs.ts', example.replace(/^import.*\n/gm, '').replace(/^/, DEFINE + ZOD), 'Person Project Meeting WORKS_ON'],
  ['the-docs.json', jsonExample, 'Person Project WORKS_ON'],
  ['empty.json', '', /cannot be loaded: Unexpected end of JSON input\.$/],
  ['half.json', '{"entityTypes": ', /cannot be loaded: Unexpected end of JSON input\.$/],
  ['list.json', '[]', /what it exports must be an object with entityTypes/],
  ['wrong.json', '{"entityTypes": {"My Cat": {}}}', /the entity type "My Cat" needs another name/],
  ['empty.mts', '', /cannot be loaded: it has no default export; write export default defineMemory\(\{…\}\)\.$/],
  ['named.mts', 'export const memory = {};', /it has no default export/],
  ['half.mts', 'export default {', /cannot be loaded: .*/],
  ['half.mjs', 'export default {', /cannot be loaded: .*/],
  [
    'enum.mts',
    'enum A { B }\nexport default {};',
    /enum is not supported.* \(Node runs TypeScript by leaving its types out/,
  ],
  ['namespace.mts', 'namespace A { export const b = 1 }\nexport default {};', /leaving its types out/],
  ['throws.mts', 'throw new Error("No such type.\\nat a");', /cannot be loaded: No such type\.$/],
  ['throws-nothing.mjs', 'throw null;', /cannot be loaded: null\.$/],
  ['throws-text.mjs', 'throw "a stone";', /cannot be loaded: a stone\.$/],
  ['rejects.mjs', 'await Promise.reject(new Error("not today"));', /cannot be loaded: not today\.$/],
  ['unknown-name.mjs', 'export default defineMemory({});', /cannot be loaded: defineMemory is not defined\.$/],
  [
    'no-package.mts',
    "import 'no-such-package';",
    /Cannot find package 'no-such-package'.*\(install the package beside/,
  ],
  ['no-file.mts', "import './nowhere.ts';", /Cannot find module .*nowhere\.ts/],
  ['class.mts', 'export default class {};', /what it exports must be an object/],
  ['promise.mts', 'export default Promise.resolve({ entityTypes: { Cat: {} } });', 'Cat'],
  ['number.mts', 'export default 5;', /what it exports must be an object/],
  ['null.mts', 'export default null;', /what it exports must be an object/],
  [
    'types.yaml',
    'entityTypes: {}',
    /is not a configuration file; its name must end in \.ts, \.mts, \.js, \.mjs, \.json\.$/,
  ],
  ['types.cjs', 'module.exports = {}', /is not a configuration file/],
];

// Node itself loads them, and not vitest, which has its own way with TypeScript.
const PROGRAM = `
  const { loadOntology } = await import(process.argv[1]);
  const told = await Promise.all(process.argv.slice(2).map((file) => loadOntology(file).then(
    ({ entityTypes, factTypes }) => [...entityTypes, ...factTypes].map(({ name }) => name).join(' '),
    (error) => error.name + ': ' + error.message)));
  console.log(JSON.stringify(told));
`;

test('every file yields its types or one error message with its name', () => {
  for (const [file, text] of FILES) writeFileSync(join(folder, file), text);
  mkdirSync(join(folder, 'folder.ts'));
  const all = [
    ...FILES,
    ['folder.ts', '', /is not a configuration file/],
    ['gone.ts', '', /does not exist; check MEMORY_CONFIG\.$/],
  ] as const;
  const paths = all.map(([file]) => join(folder, file));

  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--no-warnings', '-e', PROGRAM, here('src/ontology/load.ts'), ...paths],
    { encoding: 'utf8' },
  );

  expect(stderr).toBe('');
  const told = JSON.parse(stdout) as string[];
  for (const [index, [file, , gives]] of all.entries()) {
    if (typeof gives === 'string') expect([file, told[index]]).toEqual([file, gives]);
    else {
      expect(told[index]).toMatch(gives);
      expect(told[index]).toMatch(/^ConfigError: [^\n]+\.$/);
      expect(told[index]).toContain(join(folder, file));
    }
  }
});

test('the first of the known file names in a folder is used', async () => {
  const place = join(folder, 'place');
  mkdirSync(place);

  expect(findDefinition(place)).toBeUndefined();
  writeFileSync(join(place, 'memory.config.json'), '{}');
  expect(findDefinition(place)).toBe(join(place, 'memory.config.json'));
  writeFileSync(join(place, 'memory.config.mts'), '');
  expect(findDefinition(place)).toBe(join(place, 'memory.config.mts'));
});

test('without a file there are no custom types', async () => {
  expect(await loadOntology(findDefinition(folder))).toEqual(NO_ONTOLOGY);
});
