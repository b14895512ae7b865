import { describe, expect, it } from 'vitest';
import { endings, named, reading, stated } from './episodes.ts';

describe('a note in plain words', () => {
  it('tells who likes what', () => {
    const note = reading('Alice likes green tea');
    expect(named(note)).toEqual(['Alice: Person', 'green tea: Entity']);
    expect(stated(note)).toEqual(['Alice LIKES green tea']);
    expect(note.facts[0]?.fact).toBe('Alice likes green tea');
  });

  it('connects people and projects whose names the dictionary lacks, accents included', () => {
    const note = reading('Mira Okafor works on Harbor. Harbor was started in 2023 by Tomás Vidal.');
    expect(named(note)).toEqual(['Mira Okafor: Person', 'Harbor: Entity', 'Tomás Vidal: Person']);
    expect(stated(note)).toEqual(['Mira Okafor WORKS_ON Harbor', 'Harbor STARTED_BY Tomás Vidal']);
  });

  it('gives each thing a sentence names its own fact, with the words that lead to it', () => {
    const note = reading('Lighthouse, the web console, uses Svelte and talks to Harbor over gRPC.');
    expect(stated(note)).toEqual([
      'Lighthouse USES Svelte',
      'Lighthouse TALKS_TO Harbor',
      'Lighthouse TALKS_OVER gRPC',
    ]);
    expect(new Set(note.facts.map(({ fact }) => fact)).size).toBe(1);
  });

  it('states nothing of "I" where nobody is known to speak', () => {
    expect(reading('I prefer tabs over spaces.')).toEqual({ entities: [], facts: [], ended: [] });
  });

  it('says of notes and orders without a subject what is done to what', () => {
    expect(stated(reading('Upgraded React 18.3 in apps/web.'))).toContain('React 18.3 UPGRADED_IN apps/web');
    expect(stated(reading('Copy `.env.example` to `.env.local`.'))).toEqual(['.env.example COPY_TO .env.local']);
    expect(stated(reading('- [ ] copy `.env.example` to `.env.local`'))).toEqual([]);
  });

  it('reads every clause of a sentence, and what is left out in the second', () => {
    expect(stated(reading('Harbor keeps sessions in Redis and Lighthouse uses Svelte.'))).toContain(
      'Lighthouse USES Svelte',
    );
    expect(stated(reading('Logs go to Grafana, traces to Tempo.'))).toEqual([
      'logs GO_TO Grafana',
      'traces GO_TO Tempo',
    ]);
  });

  it.each([
    'It took 43 minutes to fix Harbor.',
    'CI fails.',
    'LINE 1: SELECT name FROM users',
    'Harbor never uses npm.',
  ])('makes no thing and no fact of what is none: %s', (words) => {
    const { entities, facts } = reading(words);
    expect(facts).toEqual([]);
    expect(entities.filter(({ name }) => /43|fails|LINE/.test(name))).toEqual([]);
  });

  it('understands what is said without any name', () => {
    const note = reading('The build fails on Windows. The parser rejects empty lines.');
    expect(stated(note)).toEqual(['build FAILS_ON Windows', 'parser REJECTS empty lines']);
  });

  it('finds files, environment names and commands', () => {
    const note = reading('src/config.ts reads DATABASE_URL. Always run `npm test` before committing.');
    expect(named(note)).toContain('src/config.ts: File');
    expect(named(note)).toContain('DATABASE_URL: Identifier');
    expect(stated(note)).toEqual(['src/config.ts READS DATABASE_URL']);
  });

  it('knows a version and its package', () => {
    const note = reading('axios v1.7.2 requires follow-redirects on node 18.');
    expect(named(note)).toEqual(expect.arrayContaining(['axios 1.7.2: Version', 'axios: Package', 'node 18: Product']));
    expect(stated(note)).toContain('axios 1.7.2 VERSION_OF axios');
    expect(stated(note)).toContain('axios 1.7.2 REQUIRES follow-redirects');
  });

  it.each(['ok', 'Thanks!', 'How are you?', 'Does Harbor use Redis?', 'Hello Mira!', '', '   \n\n  '])(
    'finds nothing in %j',
    (words) => {
      expect(reading(words)).toEqual({ entities: [], facts: [], ended: [] });
    },
  );

  it.each([
    "Harbor uses Valkey and logs `'); MATCH (n) DETACH DELETE n //` as text.",
    'Harbor uses Valkey, @name:{a|b} too.',
  ])('leaves query syntax unharmed: %s', (words) => {
    const [fact] = reading(words).facts;
    expect(fact?.fact).toBe(words.replaceAll('`', ''));
  });

  it('takes links, references, hashes, credits, emoji and markup out of what it states', () => {
    const note = reading(
      '🚀 Harbor **now** runs on [Valkey](https://valkey.io) ([#123](https://x.y/pull/123)) (4f79aef) by @someone in https://x.y/pull/9',
    );
    expect(note.facts.map(({ fact }) => fact)).toEqual(['Harbor now runs on Valkey']);
  });
});

describe('what is said to have ended', () => {
  it.each([
    ['Harbor no longer uses Redis since 2025-01-20.', 'Harbor / Redis 2025-01-20', 'Harbor NO_LONGER_USES Redis'],
    ['Harbor replaced gRPC by HTTP.', 'Harbor / gRPC 2025-10-21', 'Harbor USES HTTP'],
    ['Bob switched from Vim to Emacs last week.', 'Bob / Vim 2025-10-13', 'Bob USES Emacs'],
    [
      'We moved the Harbor sessions from Redis to Valkey 8 yesterday.',
      'Harbor / Redis 2025-10-20',
      'Harbor USES Valkey 8',
    ],
    ['Alice no longer drinks coffee.', 'Alice / coffee 2025-10-21', 'Alice NO_LONGER_DRINKS coffee'],
  ])('%s', (words, ending, fact) => {
    const note = reading(words);
    expect(endings(note)).toEqual([ending]);
    expect(stated(note)).toEqual([fact]);
  });

  it.each([
    'We plan to drop Svelte for Solid next spring.',
    'Harbor should be moved from Redis to Valkey.',
    'If Harbor no longer uses Redis, Mira will be glad.',
    'Harbor has not replaced Redis with Valkey.',
  ])('ends nothing by mere intention: %s', (words) => {
    expect(reading(words).ended).toEqual([]);
  });
});
