import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SETTINGS } from '../../src/settings.ts';

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const compose = file('docker-compose.yml');

test('compose hands every setting on to its worker', () => {
  const worker = compose.slice(compose.indexOf('\n  worker:'));
  const environment = worker.slice(worker.indexOf('    environment:'), worker.indexOf('    ports:'));
  const handedOn = [...environment.matchAll(/^ {6}([A-Z0-9_]+):/gm)].map(([, name]) => name);

  expect(Object.keys(SETTINGS).filter((name) => !handedOn.includes(name))).toEqual([]);
});

test('neither compose nor its image chooses the models: the rule of every worker does', () => {
  expect(compose).toMatch(/^ {6}MEMORY_MODELS:$/m);
  expect(file('Dockerfile')).not.toContain('MEMORY_MODELS');
});

test.each(['.gitignore', '.dockerignore'])('%s keeps .env out', (name) => {
  expect(file(name).split('\n')).toContain('.env');
});
