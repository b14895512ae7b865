import { describe, expect, test } from 'vitest';
import { type EpisodeOptions, newEpisode } from '../../src/episode.ts';
import { InvalidInputError } from '../../src/errors.ts';

const make = (content: unknown, metadata: unknown = null, options: EpisodeOptions = {}, most = 100) =>
  newEpisode(content as string, metadata, 'harbor', most, options);

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}

function shared(levels: number): unknown {
  let value: unknown = { end: true };
  for (let level = 0; level < levels; level += 1) value = { left: value, right: value };
  return value;
}

const circle: Record<string, unknown> = { name: 'circle' };
circle.self = circle;

test('an episode has an identity, a name with its time, and the given content', () => {
  const episode = make('Harbor uses Redis.', { file: 'a.md' });

  expect(episode).toMatchObject({ content: 'Harbor uses Redis.', metadata: { file: 'a.md' }, source: 'text' });
  expect(episode.sourceDescription).toBe('opencode');
  expect(episode.uuid).toMatch(/^[0-9a-f-]{36}$/);
  expect(episode.name).toBe(`episode_${episode.createdAt.toISOString().replaceAll(':', '-')}`);
  expect(episode.referenceTime).toEqual(episode.createdAt);
});

describe('content', () => {
  test.each<[unknown, RegExp]>([
    ['', /content is empty; give the text to remember/],
    [' \n\u00a0\ufeff', /content is empty/],
    [undefined, /content must be text/],
    [5, /content must be text/],
    ['a\0', /NUL character at position 2/],
    ['\udc00', /half a character/],
    ['é'.repeat(51), /has 102 bytes and the limit is 100; .* raise MEMORY_MAX_CONTENT_BYTES/],
  ])('%j is rejected', (content, sentence) => {
    expect(() => make(content)).toThrow(InvalidInputError);
    expect(() => make(content)).toThrow(sentence);
  });

  test('is measured in bytes, and may be exactly at the limit', () => {
    expect(make('é'.repeat(50)).content).toHaveLength(50);
  });
});

describe('metadata', () => {
  test.each<[string, unknown, RegExp]>([
    ['a list', [1], /must be a JSON object, such as/],
    ['text', '{}', /must be a JSON object/],
    ['a map', new Map([['a', 1]]), /must be a JSON object/],
    ['a date', new Date(), /must be a JSON object/],
    ['an object whose toJSON returns a number', { toJSON: () => 5 }, /must be a JSON object/],
    ['an object whose toJSON returns nothing', { toJSON: () => undefined }, /must be a JSON object/],
    ['a circular reference', circle, /nested deeper than 64 levels or in a circle; make it flatter/],
    ['very deep nesting', nested(65), /nested deeper than 64 levels/],
    ['endless nesting', nested(100_000), /nested deeper than 64 levels/],
    ['one small object repeated many times', shared(60), /more than 65536 bytes; put long text into the content/],
    ['long text', { a: 'x'.repeat(65_536) }, /more than 65536 bytes/],
    ['a bigint', { a: 1n }, /cannot be written as JSON; use text, numbers, lists and objects/],
    ['an object that throws when it is serialised', { toJSON: () => JSON.parse('{') }, /cannot be written as JSON/],
  ])('%s is rejected', (_, metadata, sentence) => {
    expect(() => make('x', metadata)).toThrow(InvalidInputError);
    expect(() => make('x', metadata)).toThrow(sentence);
  });

  test('is normalised through JSON, up to 64 levels deep', () => {
    const at = new Date('2025-01-01');

    expect(make('x', { at, none: undefined, 'a\0': '\ud800' }).metadata).toEqual({
      at: '2025-01-01T00:00:00.000Z',
      'a\0': '\ud800',
    });
    expect(make('x', nested(64)).metadata).toEqual(nested(64));
    expect([make('x').metadata, make('x', undefined).metadata, make('x', {}).metadata]).toEqual([null, null, {}]);
  });

  test('is copied, so later changes to the original have no effect', () => {
    const metadata = { list: [1] };
    const episode = make('x', metadata);

    metadata.list.push(2);

    expect(episode.metadata).toEqual({ list: [1] });
  });
});

test.each<[EpisodeOptions, RegExp]>([
  [{ uuid: 'x' }, /"x" is not a uuid; leave the uuid out to get a new one/],
  [{ uuid: 5 as unknown as string }, /"5" is not a uuid/],
  [{ replaces: '0f8b5cde' }, /"0f8b5cde" is not a uuid; give the whole uuid of the episode or fact/],
  [{ referenceTime: new Date('x') }, /reference time must be a valid Date/],
  [{ referenceTime: new Date(8.64e15) }, /reference time must be a valid Date/],
  [{ source: 'book' as 'text' }, /source must be text, message, json or fact_triple/],
  [{ source: 'fact_triple' }, /The fact's "JSON" cannot be used/],
  [{ saga: ' ' }, /A saga's name has 1 to 200 characters/],
  [{ sourceDescription: 'a\0' }, /source description has a NUL/],
  [{ sourceDescription: 5 as unknown as string }, /source description must be text/],
])('options %j are rejected', (options, sentence) => {
  expect(() => make('x', null, options)).toThrow(InvalidInputError);
  expect(() => make('x', null, options)).toThrow(sentence);
});

test('one uuid in two spellings is one identity', () => {
  const uuid = 'ABCDEF01-2345-4678-9ABC-DEF012345678';

  expect(make('x', null, { uuid }).uuid).toBe(uuid.toLowerCase());
});
