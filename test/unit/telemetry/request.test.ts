import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { MemoryManager } from '../../../src/memory.ts';

/** These call another public function, which is the span, are no call of the memory's, or are asked before every command. */
const OTHERWISE = ['constructor', 'storeEpisode', 'exportToB2', 'close', 'getWorkerCount'];
const functions = Object.getOwnPropertyNames(MemoryManager.prototype).filter((name) => !OTHERWISE.includes(name));
const [, ...bodies] = readFileSync(new URL('../../../src/memory.ts', import.meta.url), 'utf8').split('\n  async ');

test('there are functions to check', () => expect(functions.length).toBeGreaterThan(10));

test.each(functions)('%s is a span of its own', (name) => {
  expect(resourceOf(name)).toMatch(/^[a-z0-9_]+$/);
});

/** The functions of the memory's parts, such as `memory.archives`. */
const PARTS: readonly (readonly [file: string, open: string])[] = [
  ['archives.ts', 'openArchives'],
  ['dead-letters.ts', 'openDeadLetters'],
  ['episodes.ts', 'openEpisodes'],
  ['upkeep.ts', 'openSagas'],
  ['upkeep.ts', 'openCommunities'],
];

test.each(PARTS)('in %s every function of %s is a span of its own', (file, open) => {
  const text = readFileSync(new URL(`../../../src/memory/${file}`, import.meta.url), 'utf8');
  const [, body = ''] = text.split(`export function ${open}(`);
  const [, ...members] = (body.split('\n  };\n')[0] ?? '').split(/\n {4}(?=\w+: )/);

  expect(members.length).toBeGreaterThan(1);
  for (const member of members) expect(member).toMatch(/^\w+: \([^)]*\) =>\s+traceRequest\('[a-z0-9_]+', /);
});

test.each([
  ['enqueueEpisode', 'store_episode'],
  ['queryMemory', 'query_memory'],
  ['getEntities', 'get_entities'],
  ['export', 'export_to_b2'],
])('the span of %s is named %s', (name, resource) => {
  expect(resourceOf(name)).toBe(resource);
});

test('without a tracer an error is rethrown unchanged', async () => {
  const memory = new MemoryManager(loadConfig({}));

  await expect(memory.queryMemory('  ')).rejects.toThrow('The query is empty; give the words to look for.');
  await memory.close();
});

/** What a function of the class names its span, of which it has to make one for all that it does. */
function resourceOf(name: string): string | undefined {
  const body = bodies.find((text) => text.startsWith(`${name}(`));
  return /\{\n(?: {4}\/\/[^\n]*\n)* {4}return traceRequest\('([^']*)'/.exec(body ?? '')?.[1];
}
