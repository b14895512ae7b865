import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unknownSettings } from '../../../../src/cli/startup/unknown-settings.ts';
import { SETTINGS } from '../../../../src/settings.ts';

test.each([
  ['MEMORY_GRUOP', 'MEMORY_GROUP'],
  ['MEMORY_MODEL', 'MEMORY_MODELS'],
  ['MEMORY_EXPORTDIR', 'MEMORY_EXPORT_DIR'],
  ['VALKEY_PASWORD', 'VALKEY_PASSWORD'],
  ['FALKORDB_HOSTS', 'FALKORDB_HOST'],
  ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
  ['B2_BUKET', 'B2_BUCKET'],
])('%s causes a warning everywhere, with %s', (name, meant) => {
  const warning = `Warning: ${name} is not a setting and has no effect; did you mean ${meant}?`;

  expect(unknownSettings({ [name]: 'x' }, { all: false })).toEqual([warning]);
  expect(unknownSettings({ [name]: '' }, { all: false })).toEqual([]);
});

test('a name that resembles no setting is reported only where settings matter most', () => {
  expect(unknownSettings({ MEMORY_BALLOON: '1' }, { all: false })).toEqual([]);
  expect(unknownSettings({ MEMORY_BALLOON: '1' }, { all: true })).toEqual([
    'Warning: MEMORY_BALLOON is not a setting and has no effect.',
  ]);
  expect(unknownSettings({ OPENAI_ORG_ID: '1', FALKORDB_ARGS: 'x', PATH: 'x' }, { all: true })).toEqual([]);
});

test('every setting that is read or documented is known', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| (.*?) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/\b[A-Z0-9]+_[A-Z_0-9]+\b/g) ?? [],
  );
  const all = Object.fromEntries([...Object.keys(SETTINGS), ...documented].map((name) => [name, 'x']));

  expect(documented.length).toBeGreaterThan(30);
  expect(unknownSettings(all, { all: true })).toEqual([]);
});

test('every setting is documented', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');

  expect(Object.keys(SETTINGS).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
