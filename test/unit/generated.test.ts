import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { configSchema } from '../../scripts/generated/config-schema.ts';
import { envExample } from '../../scripts/generated/env-example.ts';
import { pluginFiles } from '../../scripts/generated/plugins.ts';
import { settingFamilies } from '../../scripts/generated/setting-families.ts';
import { readDefinition } from '../../src/ontology/read-definition.ts';
import { SETTINGS } from '../../src/settings.ts';

const file = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('.env.example is up to date with `npm run generate` and names every setting', () => {
  expect(file('.env.example')).toBe(envExample());
  expect([...envExample().matchAll(/^#([A-Z0-9_]+)=/gm)].map(([, name]) => name)).toEqual(Object.keys(SETTINGS));
});

test('memory.config.schema.json is up to date with `npm run generate`', () => {
  expect(file('memory.config.schema.json')).toBe(configSchema());
});

test('the families of settings that a command sends to its worker are up to date with `npm run generate`', () => {
  expect(file('src/worker-socket/setting-families.ts')).toBe(settingFamilies());
});

test('the manifests of plugins and of the MCP registry are up to date with `npm run generate`, all with the version of the package', () => {
  const files = pluginFiles(file('package.json'));
  const { version, mcpName } = JSON.parse(file('package.json'));
  const versions = Object.keys(files).flatMap((path) =>
    [...file(path).matchAll(/"version": "([^"]+)"/g)].map(([, found]) => found),
  );

  for (const [path, text] of Object.entries(files)) expect(file(path), path).toBe(text());
  expect(versions.length).toBeGreaterThan(4);
  expect(new Set(versions)).toEqual(new Set([version]));
  expect(JSON.parse(file('server.json')).name).toBe(mcpName);
  // What the registry accepts.
  expect(JSON.parse(file('server.json')).description.length).toBeLessThanOrEqual(100);
});

test('the example in docs/types.md matches the schema and can be read; whatever the reader rejects, the schema rejects too', async () => {
  const schema = z.fromJSONSchema(JSON.parse(configSchema()));
  const [, example = ''] = /^```json\n([\s\S]*?)^```$/m.exec(file('docs/types.md')) ?? [];
  const wrong = [
    { entityTypes: { Person: { descripion: 'a human being' } } },
    { factTypes: { WORKS_ON: { ends: [['Person']] } } },
    { entityTypes: { Person: { attributes: { type: 'object' } } } },
    { excludedTypes: 'Person' },
  ];

  expect(schema.safeParse(JSON.parse(example)).success).toBe(true);
  expect((await readDefinition(JSON.parse(example), 'example')).entityTypes.map(({ name }) => name)).toEqual([
    'Person',
    'Project',
  ]);
  for (const definition of wrong) {
    expect(schema.safeParse(definition).success).toBe(false);
    await expect(readDefinition(definition, 'example')).rejects.toThrow();
  }
});

test('every type in docs/api.md is declared there or built in', () => {
  const page = file('docs/api.md');
  const code = [...page.matchAll(/^```typescript\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block).join('\n');
  const bare = code.replace(/\/\*\*[\s\S]*?\*\/|'[^'\n]*'/g, '');
  const declared = new Set([...page.matchAll(/^### (\w+)$|^\| `(\w+)` \|/gm)].map(([, name, error]) => name ?? error));
  const named = new Set(bare.match(/(?<![\w.]|typeof )[A-Z]\w*/g));

  expect(named.size).toBeGreaterThan(100);
  expect([...named].filter((name) => !declared.has(name) && !(name in globalThis || OF_TYPESCRIPT.has(name)))).toEqual(
    [],
  );
});

/** Types of the language that no value has the name of. */
const OF_TYPESCRIPT = new Set(['Readonly', 'Partial', 'Pick', 'Omit', 'Exclude', 'Record', 'AsyncIterable', 'T']);

test('the changelog has a section for the package version, below the unreleased changes', () => {
  const { version } = JSON.parse(file('package.json')) as { version: string };
  const sections = [...file('CHANGELOG.md').matchAll(/^## (\S+)/gm)].map(([, name]) => name);

  expect(sections.slice(0, 2)).toEqual(['Unreleased', version]);
});
