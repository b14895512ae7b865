import { describe, expect, it } from 'vitest';
import type { EpisodeText } from '../../../../src/models/language-model.ts';
import { MINUTE } from '../../../../src/time.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../../support/processor.ts';
import { reading } from './episodes.ts';

const MEGABYTE = 1_000_000;
const SAMPLES = [
  'a',
  'A',
  '(',
  '((a',
  '[',
  '[a](',
  '[a](b',
  '![a](b ',
  '`',
  '`a',
  '*',
  '**a ',
  '_a',
  '<a ',
  '"',
  '.',
  '. ',
  '!?',
  '...a ',
  '@a ',
  '#1 ',
  '(#1;;, ',
  'a1b2c3d ',
  'a/',
  'a-',
  'aB',
  'a_',
  '1.',
  '1.2 ',
  '2024-01-01 ',
  'in March 2024 ',
  'a:',
  '```\n',
  '# a\n',
  '#',
  '\n',
  ' ',
  '&',
  'https://a.b/',
  '\0',
  '\uE000a\uE001',
  '\uD800',
  '😀',
  '👩‍👧 ',
  'שלום עולם ',
  '我喜欢茶。',
  "I'm you're ",
  'X no longer uses ',
  'Harbor moved from Redis to ',
  "'); MATCH (n) DETACH DELETE n // ",
  '@name:{a|b} ',
  '{"a":',
  'Mira: I like tea.\n',
  '- **a:** fixed `b.c` (#1)\n',
];

describe('a megabyte of garbage', () => {
  it.each(['text', 'message', 'json'] as EpisodeText['source'][])(
    'is read as %s in time linear in its length',
    { timeout: 20 * MINUTE },
    (source) => {
      const read = (sample: string) => (size: number) => reading(sample.repeat(size / sample.length), source);
      expect(SAMPLES.filter((sample) => timeGrowth(read(sample), MEGABYTE / 10) > MAX_LINEAR_GROWTH)).toEqual([]);
    },
  );
});

describe('any extraction', () => {
  const content = `# Harbor 2.1.0\n\n### Added\n\n${SAMPLES.map((sample, place) => `${sample} Harbor uses \`cache_${place}\` and Redis.`).join('\n\n')}`;

  it('is the same each time', () => {
    expect(reading(content)).toEqual(reading(content));
  });

  it('yields facts between named entities only, with well-formed labels and relations', () => {
    const { entities, facts, ended } = reading(content);
    const names = new Set(entities.map(({ name }) => name));
    const ends = [...facts, ...ended].flatMap(({ source, target }) => [source, target]);
    expect(facts.length).toBeGreaterThan(10);
    expect(ends.filter((name) => !names.has(name))).toEqual([]);
    expect(facts.filter(({ source, target }) => source.toLowerCase() === target.toLowerCase())).toEqual([]);
    expect(facts.filter(({ relation }) => !/^[A-Z][A-Z\d]*(?:_[A-Z\d]+)*$/.test(relation))).toEqual([]);
    expect(entities.filter(({ type }) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(type))).toEqual([]);
    expect(new Set([...names].map((name) => name.toLowerCase())).size).toBe(entities.length);
  });
});
