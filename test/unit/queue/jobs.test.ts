import { describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import {
  InvalidInputError,
  ModelBusyError,
  ModelUnavailableError,
  NewerJobError,
  StaleFenceError,
  TimedOutError,
} from '../../../src/errors.ts';
import {
  backoff,
  postponeDelay,
  readExportJob,
  readNightlyJob,
  readStoreJob,
  readTaskJob,
  type Task,
  taskOptions,
  toStoreJob,
} from '../../../src/queue/jobs.ts';

const episode = newEpisode('שלום 🚀 "Harbor"', { list: [1, null], 'a\0': '\ud800' }, 'harbor', 1000, {
  referenceTime: new Date('2025-01-01T00:00:00.123Z'),
  source: 'message',
});
const payload = toStoreJob(episode);

describe('a store job', () => {
  test('carries an episode through JSON unchanged', () => {
    expect(readStoreJob(JSON.parse(JSON.stringify(payload)))).toEqual(episode);
  });

  test.each<[string, unknown, RegExp]>([
    ['of a higher version, without being our job', { version: 99 }, /version: it must be 1\.$/],
    ['with version 0', { ...payload, version: 0 }, /version: it must be 1\.$/],
    ['with a version that is not a number', { ...payload, version: '2' }, /version: it must be 1\.$/],
    ['without content', { ...payload, content: '' }, /content: it must not be empty\.$/],
    ['without a uuid', { ...payload, uuid: undefined }, /uuid: it must be a string\.$/],
    ['with an invalid time', { ...payload, createdAt: 'yesterday' }, /createdAt: it must be a time such as/],
    ['with an unknown field', { ...payload, extra: 1 }, /payload: it has fields that this version does not know\.$/],
    ['with invalid metadata', { ...payload, metadata: [1] }, /metadata: it must be an object\.$/],
    [
      'with an unknown source',
      { ...payload, source: 'x' },
      /source: it must be message or text or json or fact_triple\.$/,
    ],
    ['that is null', null, /payload: it must be an object\.$/],
    ['for an invalid group', { ...payload, group: 'a b' }, /group "a b" is not a valid name/],
  ])('%s is rejected permanently, naming the field', (_, data, place) => {
    expect(() => readStoreJob(data)).toThrow(InvalidInputError);
    expect(() => readStoreJob(data)).toThrow(place);
  });
});

test.each<[string, (data: unknown) => unknown]>([
  ['a store job', readStoreJob],
  ['a task', readTaskJob],
  ['an export job', readExportJob],
  ['a nightly job', readNightlyJob],
])('%s of a higher version is left to newer workers, whatever its content', (_, read) => {
  expect(() => read({ version: 2, group: 'harbor', task: { kind: 'a kind of tomorrow' } })).toThrow(NewerJobError);
});

describe('an export job', () => {
  test('names a group', () =>
    expect(readExportJob({ version: 1, group: 'harbor' })).toMatchObject({ group: 'harbor' }));

  test('of an invalid group is rejected', () => {
    expect(() => readExportJob({ version: 1, group: 'default_db' })).toThrow(InvalidInputError);
  });
});

describe('a task', () => {
  const uuid = '11111111-1111-4111-8111-111111111111';

  test.each<[unknown, Task]>([
    [{ kind: 'communities' }, { kind: 'communities' }],
    [{ kind: 'summaries' }, { kind: 'summaries' }],
    [
      { kind: 'summarize-saga', saga: 'Tuesday: "x"' },
      { kind: 'summarize-saga', saga: 'Tuesday: "x"' },
    ],
    [
      { kind: 'forget', episodes: [uuid], facts: [], entities: ['x'] },
      { kind: 'forget', episodes: [uuid], facts: [], entities: ['x'], withEpisodes: false },
    ],
  ])('%j is read', (task, read) => {
    expect(readTaskJob({ version: 1, group: 'harbor', task })).toEqual({ group: 'harbor', task: read });
  });

  test.each<[string, unknown, RegExp]>([
    [
      'of an impossible kind',
      { version: 1, group: 'harbor', task: { kind: 'Forget all!' } },
      /task\.kind: it must be one that this version knows\.$/,
    ],
    ['without its saga', { version: 1, group: 'harbor', task: { kind: 'summarize-saga' } }, /task\.saga/],
    ['with an unknown field', { version: 1, group: 'harbor', task: { kind: 'communities', all: true } }, /task/],
    ['with version 0', { version: 0, group: 'harbor', task: { kind: 'communities' } }, /version/],
    ['for an invalid group', { version: 1, group: 'a b', task: { kind: 'communities' } }, /"a b" is not a valid name/],
    ['that is undefined', undefined, /payload/],
  ])('%s is rejected permanently, naming the field', (_, data, place) => {
    expect(() => readTaskJob(data)).toThrow(InvalidInputError);
    expect(() => readTaskJob(data)).toThrow(place);
  });

  test('of an unknown kind is left to newer workers, even without a higher version', () => {
    const unknown = { version: 1, group: 'harbor', task: { kind: 'forget-all', since: 3 } };

    expect(() => readTaskJob(unknown)).toThrow(NewerJobError);
    expect(() => readTaskJob(unknown)).toThrow(/kind "forget-all"; the job waits for a worker of a newer release\.$/);
  });

  const now = new Date('2026-01-01T00:00:05Z');
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  test('is a separate job each time, with an id that BullMQ accepts', () => {
    const ids = (['communities', 'communities'] as const).map((kind) => taskOptions('_', { kind }, now).jobId);

    expect(new Set(ids).size).toBe(2);
    expect(ids.join()).not.toContain(':');
  });

  test('of summaries is delayed, and merged with requests made before it starts', () => {
    const { jobId, delay } = taskOptions('harbor', { kind: 'summaries' }, now);

    expect(delay).toBe(10_000);
    expect(jobId).not.toContain(':');
    expect(taskOptions('harbor', { kind: 'summaries' }, later(4)).jobId).toBe(jobId);
    expect(taskOptions('harbor', { kind: 'summaries' }, later(10)).jobId).not.toBe(jobId);
    expect(taskOptions('quay', { kind: 'summaries' }, now).jobId).not.toBe(jobId);
  });
});

test('the backoff doubles from 0.5 s to 30 s, half of it random', () => {
  for (const [attempt, wait] of [
    [1, 500],
    [2, 1000],
    [4, 4000],
    [7, 30_000],
    [30, 30_000],
    [2000, 30_000],
  ] as const) {
    const waits = Array.from({ length: 200 }, () => backoff(attempt));

    expect(Math.min(...waits)).toBeGreaterThanOrEqual(wait / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(wait);
    expect(new Set(waits).size).toBeGreaterThan(100);
  }
});

describe('a wait that does not count as an attempt', () => {
  const waits = (error: Error, times: number) => Array.from({ length: 200 }, () => postponeDelay(error, times));

  test("follows the server's Retry-After, plus up to a tenth and a second, and at most ten minutes", () => {
    const told = (retryAfterMs: number) => waits(new ModelBusyError('Busy.', { retryAfterMs }), 9);

    expect(Math.min(...told(20_000))).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...told(20_000))).toBeLessThanOrEqual(23_000);
    expect(Math.max(...told(1e9))).toBeLessThanOrEqual(10 * 60_000 + 5000);
    expect(Math.max(...told(0))).toBeLessThanOrEqual(1000);
  });

  test('grows to 30 s without a Retry-After', () => {
    expect(Math.max(...waits(new ModelUnavailableError('Away.'), 1))).toBeLessThanOrEqual(500);
    expect(Math.min(...waits(new ModelUnavailableError('Away.'), 50))).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...waits(new ModelUnavailableError('Away.'), 50))).toBeLessThanOrEqual(30_000);
  });

  test.each([new StaleFenceError('Late.'), new TimedOutError('Held.')])(
    'is at most two seconds for another worker: %s',
    (error) => {
      expect(Math.max(...waits(error, 50))).toBeLessThanOrEqual(2000);
    },
  );
});
