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
    ['of a higher version, but no job of ours', { version: 99 }, /version: it must be 1\.$/],
    ['of no version', { ...payload, version: 0 }, /version: it must be 1\.$/],
    ['of a version that is no number', { ...payload, version: '2' }, /version: it must be 1\.$/],
    ['without content', { ...payload, content: '' }, /content: it must not be empty\.$/],
    ['without a uuid', { ...payload, uuid: undefined }, /uuid: it must be a string\.$/],
    ['of another time', { ...payload, createdAt: 'yesterday' }, /createdAt: it must be a time such as/],
    ['with a strange field', { ...payload, extra: 1 }, /payload: it has fields that this version does not know\.$/],
    ['with metadata that is none', { ...payload, metadata: [1] }, /metadata: it must be an object\.$/],
    ['of another source', { ...payload, source: 'x' }, /source: it must be message or text or json or fact_triple\.$/],
    ['that is nothing', null, /payload: it must be an object\.$/],
    ['for a group that is none', { ...payload, group: 'a b' }, /group "a b" is not a valid name/],
  ])('%s is refused for good, and the place is named', (_, data, place) => {
    expect(() => readStoreJob(data)).toThrow(InvalidInputError);
    expect(() => readStoreJob(data)).toThrow(place);
  });
});

test.each<[string, (data: unknown) => unknown]>([
  ['a store job', readStoreJob],
  ['a task', readTaskJob],
  ['an export job', readExportJob],
  ['a nightly job', readNightlyJob],
])('%s of a higher version is left to newer workers, whatever it holds', (_, read) => {
  expect(() => read({ version: 2, group: 'harbor', task: { kind: 'a kind of tomorrow' } })).toThrow(NewerJobError);
});

describe('an export job', () => {
  test('names a group', () =>
    expect(readExportJob({ version: 1, group: 'harbor' })).toMatchObject({ group: 'harbor' }));

  test('of a group that is none is refused', () => {
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
      'of a kind that no release could have',
      { version: 1, group: 'harbor', task: { kind: 'Forget all!' } },
      /task\.kind: it must be one that this version knows\.$/,
    ],
    ['without its saga', { version: 1, group: 'harbor', task: { kind: 'summarize-saga' } }, /task\.saga/],
    ['with a strange field', { version: 1, group: 'harbor', task: { kind: 'communities', all: true } }, /task/],
    ['of no version', { version: 0, group: 'harbor', task: { kind: 'communities' } }, /version/],
    [
      'for a group that is none',
      { version: 1, group: 'a b', task: { kind: 'communities' } },
      /"a b" is not a valid name/,
    ],
    ['that is nothing', undefined, /payload/],
  ])('%s is refused for good, and the place is named', (_, data, place) => {
    expect(() => readTaskJob(data)).toThrow(InvalidInputError);
    expect(() => readTaskJob(data)).toThrow(place);
  });

  test('of a kind that this release does not know is left to newer workers, also without a higher version', () => {
    const unknown = { version: 1, group: 'harbor', task: { kind: 'forget-all', since: 3 } };

    expect(() => readTaskJob(unknown)).toThrow(NewerJobError);
    expect(() => readTaskJob(unknown)).toThrow(/kind "forget-all"; the job waits for a worker of a newer release\.$/);
  });

  const now = new Date('2026-01-01T00:00:05Z');
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  test('is a job of its own each time, with an id that BullMQ takes', () => {
    const ids = (['communities', 'communities'] as const).map((kind) => taskOptions('_', { kind }, now).jobId);

    expect(new Set(ids).size).toBe(2);
    expect(ids.join()).not.toContain(':');
  });

  test('of summaries waits, and is one job for those that are asked for before it begins', () => {
    const { jobId, delay } = taskOptions('harbor', { kind: 'summaries' }, now);

    expect(delay).toBe(10_000);
    expect(jobId).not.toContain(':');
    expect(taskOptions('harbor', { kind: 'summaries' }, later(4)).jobId).toBe(jobId);
    expect(taskOptions('harbor', { kind: 'summaries' }, later(10)).jobId).not.toBe(jobId);
    expect(taskOptions('quay', { kind: 'summaries' }, now).jobId).not.toBe(jobId);
  });
});

test('waits double from half a second to half a minute, of which half is chance', () => {
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

describe('a wait that counts no attempt', () => {
  const waits = (error: Error, times: number) => Array.from({ length: 200 }, () => postponeDelay(error, times));

  test('is as long as the server told, spread over a tenth more and a second, and ten minutes at most', () => {
    const told = (retryAfterMs: number) => waits(new ModelBusyError('Busy.', { retryAfterMs }), 9);

    expect(Math.min(...told(20_000))).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...told(20_000))).toBeLessThanOrEqual(23_000);
    expect(Math.max(...told(1e9))).toBeLessThanOrEqual(10 * 60_000 + 5000);
    expect(Math.max(...told(0))).toBeLessThanOrEqual(1000);
  });

  test('grows to half a minute where nobody told how long', () => {
    expect(Math.max(...waits(new ModelUnavailableError('Away.'), 1))).toBeLessThanOrEqual(500);
    expect(Math.min(...waits(new ModelUnavailableError('Away.'), 50))).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...waits(new ModelUnavailableError('Away.'), 50))).toBeLessThanOrEqual(30_000);
  });

  test.each([new StaleFenceError('Late.'), new TimedOutError('Held.')])(
    'is two seconds at most for another worker: %s',
    (error) => {
      expect(Math.max(...waits(error, 50))).toBeLessThanOrEqual(2000);
    },
  );
});
