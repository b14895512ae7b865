import { expect, test } from 'vitest';
import type { ServerInfo } from '../../../src/valkey/server-info.ts';
import { gradeQueue, modelCheck } from '../../../workers/health.ts';
import { serverFindings } from '../../../workers/startup-checks.ts';

const sound: ServerInfo = {
  product: 'Valkey',
  version: '8.0.1',
  falkordb: '4.16.3',
  evictionPolicy: 'noeviction',
  appendOnly: true,
  mode: 'standalone',
  isReplica: false,
  replicas: 0,
  limits: { rows: -1, timeout: 0, longestTimeout: 0 },
  ahead: 3,
};

test('a correctly configured server has no findings', () => {
  expect(serverFindings('FalkorDB', sound)).toEqual({ refusals: [], warnings: [] });
});

test.each([
  [
    { product: 'Valkey', version: '7.1.9' },
    'Valkey runs on Valkey 7.1.9; memory-manager needs Valkey 7.2, Redis 6.2 or newer.',
  ],
  [
    { product: 'Redis', version: '6.0.16' },
    'Valkey runs on Redis 6.0.16; memory-manager needs Valkey 7.2, Redis 6.2 or newer.',
  ],
] as const)('an outdated server is rejected: %o', (differing, sentence) => {
  expect(serverFindings('Valkey', { ...sound, ...differing }).refusals).toEqual([sentence]);
});

test.each([
  { product: 'Valkey', version: '7.2.0' },
  { product: 'Redis', version: '6.2.0' },
  { product: 'Redis', version: '7.0.15' },
] as const)('the oldest supported server is accepted: %o', (differing) => {
  expect(serverFindings('Valkey', { ...sound, ...differing }).refusals).toEqual([]);
});

test('an outdated FalkorDB module causes a warning', () => {
  const { refusals, warnings } = serverFindings('FalkorDB', { ...sound, falkordb: '4.8.7' });

  expect(refusals).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^FalkorDB's module is 4\.8\.7; .* 4\.10 and newer/)]);
});

test.each([
  [
    'Valkey',
    1,
    2,
    [
      'VALKEY_COPIES is 2, and Valkey has 1 replica: texts whose queue it holds are spooled or refused. Start more replicas, or set VALKEY_COPIES to 1.',
    ],
  ],
  [
    'Valkey',
    0,
    1,
    [
      'VALKEY_COPIES is 1, and Valkey has 0 replicas: texts whose queue it holds are spooled or refused. Start more replicas, or set VALKEY_COPIES to 0.',
    ],
  ],
  [
    'FalkorDB',
    0,
    1,
    [
      'FALKORDB_COPIES is 1, and FalkorDB has 0 replicas: commits are made, but their jobs wait. Start more replicas, or set FALKORDB_COPIES to 0.',
    ],
  ],
  ['Valkey', 2, 2, []],
  ['Valkey', 0, 0, []],
] as const)('%s with %i replicas when its number of copies is %i', (store, replicas, copies, warnings) => {
  expect(serverFindings(store, { ...sound, replicas }, copies)).toEqual({ refusals: [], warnings });
});

test('a replica is rejected', () => {
  expect(serverFindings('Valkey', { ...sound, isReplica: true }).refusals).toEqual([
    'Valkey is a replica and accepts no writes; set VALKEY_HOST and VALKEY_PORT to its primary.',
  ]);
});

test.each([
  [{ rows: 10_000 }, /^FalkorDB has RESULTSET_SIZE 10000: .*RESULTSET_SIZE to -1/],
  [{ longestTimeout: 1000 }, /^FalkorDB has TIMEOUT_MAX 1000: .*TIMEOUT_MAX to 0/],
])('limits of FalkorDB that truncate long answers or queries cause a warning: %o', (differing, sentence) => {
  const limits = { rows: -1, timeout: 0, longestTimeout: 0, ...differing };

  expect(serverFindings('FalkorDB', { ...sound, limits }).warnings).toEqual([expect.stringMatching(sentence)]);
});

test('a FalkorDB with unreadable limits causes a warning, a server without the module does not', () => {
  const limits = { rows: undefined, timeout: undefined, longestTimeout: undefined };

  expect(serverFindings('FalkorDB', { ...sound, limits }).warnings).toEqual([
    'FalkorDB forbids GRAPH.CONFIG, so its limits could not be checked; make sure that RESULTSET_SIZE is -1 and TIMEOUT_MAX is 0.',
  ]);
  expect(serverFindings('Valkey', { ...sound, falkordb: undefined, limits: undefined }).warnings).toEqual([]);
});

test('a clock that is behind causes a warning, a nearly correct one does not', () => {
  expect(serverFindings('FalkorDB', { ...sound, ahead: -2500 }).warnings).toEqual([
    expect.stringMatching(/^the clock of FalkorDB's machine is 2\.5 s behind ours/),
  ]);
  expect(serverFindings('FalkorDB', { ...sound, ahead: 1900 }).warnings).toEqual([]);
});

const minutes = (count: number) => count * 60_000;
const now = Date.parse('2026-11-22T12:00:00Z');

test.each([
  ['nothing waits', null, null, minutes(60), 'ok'],
  ['jobs wait and commits arrive', minutes(10), minutes(1), minutes(60), 'ok'],
  ['jobs wait for a short time and nothing was committed', minutes(1), null, minutes(60), 'ok'],
  ['jobs have waited long and nothing was committed since', minutes(3), minutes(5), minutes(60), 'red'],
  ['jobs have waited long and nothing was ever committed', minutes(3), null, minutes(60), 'red'],
  ['jobs have waited long for a worker that has just started', minutes(600), minutes(700), minutes(1), 'ok'],
] as const)('the queue when %s', (_, waited, sinceCommit, running, status) => {
  const since = waited === null ? null : now - waited;
  const lastCommit = sinceCommit === null ? null : now - sinceCommit;

  expect(gradeQueue(since, { workers: [], lastCommit, lastHeartbeat: null, now }, now - running).status).toBe(status);
});

test.each([
  [{ ok: 0, failed: 0, failedInARow: 0 }, 'It was not asked in the last minute.'],
  [{ ok: 0, failed: 0, failedInARow: 3 }, 'Its last 3 calls failed; it was not asked in the last minute.'],
  [{ ok: 2, failed: 1, failedInARow: 0 }, '2 of 3 calls of the last minute went well.'],
])('the message about a model reports its recent calls: %o', (seen, said) => {
  expect(modelCheck('gpt', { breaker: 'closed', ...seen }).message).toBe(said);
});
