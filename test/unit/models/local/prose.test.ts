import { describe, expect, it } from 'vitest';
import { endings, named, reading, stated } from './episodes.ts';

describe('a note in plain English', () => {
  it('yields who likes what', () => {
    const note = reading('Alice likes green tea');
    expect(named(note)).toEqual(['Alice: Person', 'green tea: Entity']);
    expect(stated(note)).toEqual(['Alice LIKES green tea']);
    expect(note.facts[0]?.fact).toBe('Alice likes green tea');
  });

  it('connects people and projects with names outside the dictionary, including accents', () => {
    const note = reading('Mira Okafor works on Harbor. Harbor was started in 2023 by Tomás Vidal.');
    expect(named(note)).toEqual(['Mira Okafor: Person', 'Harbor: Entity', 'Tomás Vidal: Person']);
    expect(stated(note)).toEqual(['Mira Okafor WORKS_ON Harbor', 'Harbor STARTED_BY Tomás Vidal']);
  });

  it('yields one fact per named entity, with the words that connect them', () => {
    const note = reading('Lighthouse, the web console, uses Svelte and talks to Harbor over gRPC.');
    expect(stated(note)).toEqual([
      'Lighthouse USES Svelte',
      'Lighthouse TALKS_TO Harbor',
      'Lighthouse TALKS_OVER gRPC',
    ]);
    expect(new Set(note.facts.map(({ fact }) => fact)).size).toBe(1);
  });

  it('yields no facts for "I" when the speaker is unknown', () => {
    expect(reading('I prefer tabs over spaces.')).toEqual({ entities: [], facts: [], ended: [] });
  });

  it('yields facts from notes and imperatives without a subject', () => {
    expect(stated(reading('Upgraded React 18.3 in apps/web.'))).toContain('React 18.3 UPGRADED_IN apps/web');
    expect(stated(reading('Copy `.env.example` to `.env.local`.'))).toEqual(['.env.example COPY_TO .env.local']);
    expect(stated(reading('- [ ] copy `.env.example` to `.env.local`'))).toEqual([]);
  });

  it('yields facts from every clause, and completes words omitted in the second', () => {
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
  ])('yields no entity and no fact from anything else: %s', (words) => {
    const { entities, facts } = reading(words);
    expect(facts).toEqual([]);
    expect(entities.filter(({ name }) => /43|fails|LINE/.test(name))).toEqual([]);
  });

  it('yields no current fact from a past state that may have ended', () => {
    const past = ['The gateway was a Go service.', 'Harbor used Redis.', 'The health check pointed to /healthz.'];
    expect(past.flatMap((words) => stated(reading(words)))).toEqual([]);
    expect(stated(reading('Harbor used Redis until March 2025.'))).toEqual(['Harbor USED Redis']);
    expect(stated(reading('wkhtmltopdf was replaced by Typst.'))).toEqual(['wkhtmltopdf REPLACED_BY Typst']);
  });

  it("keeps the object that the verb's meaning depends on", () => {
    expect(stated(reading('Norrhav opened a lab in Ghent.'))).toEqual(['Norrhav OPENED_LAB_IN Ghent']);
    expect(stated(reading('The SDK ships a wheel for Python 3.8.'))).toContain('SDK SHIPS_WHEEL_FOR Python 3.8');
    expect(stated(reading('Harbor keeps its sessions in Redis.'))).toEqual(['Harbor KEEPS_IN Redis']);
  });

  it('yields no fact for a pronoun object, but is read further', () => {
    expect(stated(reading('Jonas fixed it in billing-api.'))).toEqual([]);
    expect(stated(reading('Wei renewed it and added an alert.'))).toEqual(['Wei ADDED alert']);
  });

  it('finds a verb particle after the object', () => {
    expect(stated(reading('Marta Kowal takes the gripper over from him.'))).toEqual(['Marta Kowal TAKES_OVER gripper']);
    expect(stated(reading('Mira Okafor sends the files over SSH.'))).toEqual(['Mira Okafor SENDS_FILES_OVER SSH']);
  });

  it('does not extend a statement about some to all', () => {
    expect(stated(reading('All math in interrupt handlers is fixed-point Q16.16.'))).toEqual([]);
    expect(stated(reading('The launch of Aquila needs Postgres.'))).toEqual(['launch NEEDS Postgres']);
    expect(stated(reading('The main branch is built by Jenkins.'))).toEqual(['main branch BUILT_BY Jenkins']);
  });

  it('is understood even without names', () => {
    const note = reading('The build fails on Windows. The parser rejects empty lines.');
    expect(stated(note)).toEqual(['build FAILS_ON Windows', 'parser REJECTS empty lines']);
  });

  it('yields files, environment variables and commands', () => {
    const note = reading('src/config.ts reads DATABASE_URL. Always run `npm test` before committing.');
    expect(named(note)).toContain('src/config.ts: File');
    expect(named(note)).toContain('DATABASE_URL: Identifier');
    expect(stated(note)).toEqual(['src/config.ts READS DATABASE_URL']);
  });

  it('yields a version together with its package', () => {
    const note = reading('axios v1.7.2 requires follow-redirects on node 18.');
    expect(named(note)).toEqual(expect.arrayContaining(['axios 1.7.2: Version', 'axios: Package', 'node 18: Product']));
    expect(stated(note)).toContain('axios 1.7.2 VERSION_OF axios');
    expect(stated(note)).toContain('axios 1.7.2 REQUIRES follow-redirects');
  });

  it.each(['ok', 'Thanks!', 'How are you?', 'Does Harbor use Redis?', 'Hello Mira!', '', '   \n\n  '])(
    'yields nothing for %j',
    (words) => {
      expect(reading(words)).toEqual({ entities: [], facts: [], ended: [] });
    },
  );

  it.each([
    "Harbor uses Valkey and logs `'); MATCH (n) DETACH DELETE n //` as text.",
    'Harbor uses Valkey, @name:{a|b} too.',
  ])('may contain query syntax, which stays harmless: %s', (words) => {
    const [fact] = reading(words).facts;
    expect(fact?.fact).toBe(words);
  });

  it.each([
    'Harbor builds its image with `docker build -t checkout-web .` in CI.',
    'Harbor builds its image in CI with docker build -t checkout-web .',
    'Harbor uses Redis because of #491.',
    'Harbor uses @scope/pkg for Redis.',
    'Harbor was built by @scope/pkg on Redis.',
    'Harbor keeps its sessions in ~/x with Redis.',
    'Harbor lints **/*.ts with Biome and src/**/*.tsx with Prettier.',
    'Harbor uses Redis for $HOME.',
    'Harbor uses Redis from C# code.',
    'Harbor calls __init__ in Redis.',
    'Harbor uses Redis with Box<T> and <details>.',
    'Harbor stores a_b_c and _private in Redis.',
    'Harbor uses Redis for 2 * 3 * 4 rows.',
    'Harbor uses Redis at https://redis.example/a_b_c/ \\*not emphasis\\*.',
    '🚀 **Harbor** *now* runs on [Valkey](https://valkey.io) ([#123](https://x.y/pull/123)) (4f79aef) by @someone in https://x.y/pull/9',
  ])('yields facts with the exact words of the text: %s', (words) => {
    const { facts } = reading(words);
    expect(facts.map(({ fact }) => fact)).toContain(words);
  });

  it('keeps the markup of each sentence', () => {
    const { facts } = reading(
      '**Harbor** uses **Redis.** _Quay_ uses `Kafka`. ([#12](https://x.y/12)) Tide\nuses **Loki**',
    );
    expect(facts.map(({ fact }) => fact)).toEqual([
      '**Harbor** uses **Redis.**',
      '_Quay_ uses `Kafka`.',
      '([#12](https://x.y/12)) Tide uses **Loki**',
    ]);
  });

  it('keeps names that look like markup', () => {
    const note = reading('Harbor lints **/*.ts with Biome. Harbor was built by @scope/pkg on Redis.');
    expect(named(note)).toEqual(expect.arrayContaining(['**/*.ts: File', '@scope/pkg: Package']));
  });
});

describe('reported speech and other languages', () => {
  it.each([
    'Ann says Harbor uses Redis.',
    'Ann says that Harbor uses Redis.',
    'The docs say Harbor uses Redis.',
    'Ann said: "Harbor uses Redis."',
    'According to Ben, Harbor uses Redis.',
    'Ben asked whether Harbor uses Redis.',
    "He asked: 'Use Redis?'",
    'The sign in Tide: "Harbor runs on Redis today".',
    'Tide shows us "Harbor moved from Redis to Valkey".',
    'Harbor runs the query "Redis replaced by Valkey in Tide".',
    '"We dropped it. Harbor uses Redis now. It works", Ben said.',
    'Ben said: "We looked. Harbor uses Redis. It works."',
    '> Harbor uses Redis.',
  ])('a quotation or a report states nothing and ends nothing: %s', (words) => {
    expect(reading(words)).toMatchObject({ facts: [], ended: [] });
  });

  it('text next to a quotation is stated', () => {
    expect(stated(reading('Ben said "It works. Harbor uses Redis." Harbor uses Valkey.'))).toEqual([
      'Harbor USES Valkey',
    ]);
  });

  it.each([
    'Harbor nutzt die Datenbank Redis.',
    'Harbor in Kiel nutzt die Datenbank Redis.',
    'Harbor will die Logs in Loki.',
    'Mira mag die Insel Sylt.',
    'Der Server von Harbor die Queue Redis.',
  ])('a German article is not a relation: %s', (words) => {
    expect(stated(reading(words))).toEqual([]);
  });
});

describe('statements that something has ended', () => {
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
  ])('an intention ends nothing: %s', (words) => {
    expect(reading(words).ended).toEqual([]);
  });
});
