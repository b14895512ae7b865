import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../support/command-line.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { b2Environment } from '../../support/faults/archive.ts';
import { pathTo, run, startWorker, useWatched } from './watched.ts';

const watched = useWatched();
const CANARY = 'Xanthippe-canary';
const STORY = `${CANARY} [Person] WORKS_ON Harbor [Project]: ${CANARY} works on Harbor.`;
let b2: FakeB2;
beforeAll(async () => {
  b2 = await startFakeB2();
});
afterAll(() => b2?.close());

const steps = () => watched.agent.spans.filter(({ name }) => name === 'memory.archive');
const counted = (name: string, tags = {}) => watched.agent.counted(`opencode.memory.archive.${name}`, tags);

test('each step from an export to a restore is a span and a metric, without content or keys', async () => {
  const environment = { ...watched.environment(), ...b2Environment(b2, CANARY) };
  const worker = await startWorker(environment);
  await run(environment, 'store', STORY);
  b2.fail({ kind: 'refuse', status: 503, on: 'upload_file' });

  const { bytes, file } = JSON.parse((await run(environment, 'export', '--json')).stdout);
  expect(await worker.stop()).toBe(0);
  await run(environment, 'archive', 'verify', file);
  await run(environment, 'archive', 'verify', file, '--restore');
  await run(environment, 'archive', 'restore', file, '--replace');
  await run(environment, 'archive', 'prune', '--keep', 'daily=1');

  const of = (resource: string) => steps().find((span) => span.resource === resource);
  for (const step of [
    'export',
    'put',
    'verify',
    'drill',
    'load',
    'index',
    'inspect',
    'ask',
    'check',
    'replace',
    'prune',
  ])
    expect({ step, ...of(step) }).toMatchObject({ step, service: 'memory-manager', error: false });
  const path = (resource: string) => pathTo(of(resource) as never, watched.agent.spans).slice(-3);
  expect(path('put')).toEqual(['memory.export', 'memory.archive', 'memory.archive']);
  expect(of('put')?.tags).toMatchObject({ bytes, parts: 1 });
  expect(of('prune')?.tags).toMatchObject({ removed: 0, leftovers: 0 });
  expect(counted('bytes')).toBeGreaterThan(bytes);
  expect(counted('retries')).toBe(1);
  expect(counted('problems')).toBe(0);
  expect(durations('drill', 'ok')).toHaveLength(1);
  const sent = [...watched.agent.bodies.map((body) => body.toString('latin1')), worker.output()].join('\n');
  for (const secret of [CANARY, ...b2.secrets()]) expect(sent).not.toContain(secret);
});

test('a problem with an archive is counted once and marks its span, without content', async () => {
  const environment = watched.environment();
  const worker = await startWorker(environment);
  await run(environment, 'store', STORY);
  const { file } = JSON.parse((await run(environment, 'export', '--json')).stdout);
  await worker.stop();
  const path = join(environment.MEMORY_EXPORT_DIR ?? '', file);
  await writeFile(path, (await readFile(path, 'utf8')).replace('Harbor', `${CANARY.slice(1)}`));
  watched.agent.reset();

  expect(await runCommand(['archive', 'verify', file], environment)).toMatchObject({ status: 2 });
  expect(await runCommand(['archive', 'restore', file, '--replace'], environment)).toMatchObject({ status: 2 });

  const wrong = steps().filter(({ error }) => error);
  expect(wrong.map(({ resource, tags }) => [resource, tags['error.type']])).toEqual([
    ['verify', 'ArchiveDamagedError'],
    ['check', 'ArchiveDamagedError'],
  ]);
  expect(counted('problems', { step: 'verify' })).toBe(1);
  expect(counted('problems', { step: 'check' })).toBe(1);
  expect(counted('problems')).toBe(2);
  expect(durations('verify', 'failed')).toHaveLength(1);
  expect(watched.agent.bodies.map((body) => body.toString('latin1')).join('\n')).not.toContain(CANARY.slice(1));
});

function durations(step: string, outcome: string) {
  return watched.agent.metrics.filter(
    ({ name, tags }) => name === 'opencode.memory.archive.duration' && tags.step === step && tags.outcome === outcome,
  );
}
