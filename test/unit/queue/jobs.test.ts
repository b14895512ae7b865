import { describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { InvalidInput } from '../../../src/errors.ts';
import { backoff, readExportJob, readStoreJob, toStoreJob } from '../../../src/queue/jobs.ts';

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
    ['of another version', { ...payload, version: 2 }, /version/],
    ['without content', { ...payload, content: '' }, /content/],
    ['without a uuid', { ...payload, uuid: undefined }, /uuid/],
    ['of another time', { ...payload, createdAt: 'yesterday' }, /createdAt/],
    ['with a strange field', { ...payload, extra: 1 }, /payload cannot be read/],
    ['with metadata that is none', { ...payload, metadata: [1] }, /metadata/],
    ['that is nothing', null, /payload/],
    ['for a group that is none', { ...payload, group: 'a b' }, /group "a b" is not a valid name/],
  ])('%s is refused for good, and the place is named', (_, data, place) => {
    expect(() => readStoreJob(data)).toThrow(InvalidInput);
    expect(() => readStoreJob(data)).toThrow(place);
  });
});

describe('an export job', () => {
  test('names a group', () =>
    expect(readExportJob({ version: 1, group: 'harbor' })).toMatchObject({ group: 'harbor' }));

  test('of a group that is none is refused', () => {
    expect(() => readExportJob({ version: 1, group: 'default_db' })).toThrow(InvalidInput);
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
