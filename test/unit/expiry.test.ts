import { expect, test } from 'vitest';
import { newEpisode } from '../../src/episode.ts';
import { EXPIRY_METADATA_KEY, expiryOf, parseExpiry } from '../../src/expiry.ts';
import { SETTINGS } from '../../src/settings.ts';
import { DAY, HOUR } from '../../src/time.ts';

const NOW = new Date('2026-11-30T12:00:00Z');
const rules = (text: string) => SETTINGS.MEMORY_EXPIRY.shape.parse(text);
const episode = { metadata: { kind: 'turn' }, sourceDescription: 'claude-code', createdAt: NOW };

test('an expiry is a date or a duration from now', () => {
  expect(parseExpiry('12h', '--expires', NOW)).toEqual(new Date(NOW.getTime() + 12 * HOUR));
  expect(parseExpiry('2027-01-01', '--expires', NOW)).toEqual(new Date('2027-01-01T00:00:00Z'));
  expect(() => parseExpiry('soon', '--expires', NOW)).toThrow(/--expires.*90d/);
});

test("rules apply by source and by kind; the earliest applies, and an episode's own expiry has priority", () => {
  const given = rules('source:claude-code=90d, kind:turn=4w');

  expect(expiryOf(episode, given)).toEqual(new Date(NOW.getTime() + 28 * DAY));
  expect(expiryOf({ ...episode, metadata: null }, given)).toEqual(new Date(NOW.getTime() + 90 * DAY));
  expect(expiryOf({ ...episode, metadata: null, sourceDescription: 'opencode' }, given)).toBeNull();
  expect(expiryOf({ ...episode, metadata: { [EXPIRY_METADATA_KEY]: '2030-01-01T00:00:00.000Z' } }, given)).toEqual(
    new Date('2030-01-01T00:00:00Z'),
  );
});

test.each(['claude-code=90d', 'source:=90d', 'kind:turn=4', 'kind:turn=4y', 'kind:turn'])(
  'not a valid rule: %s',
  (text) => {
    expect(SETTINGS.MEMORY_EXPIRY.shape.safeParse(text).success).toBe(false);
  },
);

test('metadata named expires or expires_at sets no expiry, and an expiry in the past is rejected', () => {
  const plain = newEpisode('A token.', { expires: '2020-01-01', expires_at: '2020-01-01' }, 'g', 100);

  expect(expiryOf(plain, [])).toBeNull();
  expect(() => newEpisode('A token.', null, 'g', 100, { expires: new Date(0) })).toThrow(/not in the future/);
});
