import { describe, expect, test } from 'vitest';
import type { EpisodeSource } from '../../../src/episode.ts';
import { cutText } from '../../../src/passages/cut.ts';
import { headingsOf, passagesOf, textOf } from '../../../src/passages/passages.ts';
import { sectionHeadingsAfter } from '../../../src/passages/sections.ts';
import { random as randomNumbers } from '../../support/random.ts';

/** The passages of a text, as shown to a user. */
function cut(content: string, source: EpisodeSource = 'text') {
  return cutText(content, source).map(({ kind, role, headings, start, end }) => ({
    kind,
    ...(role !== null && { role }),
    ...(headings.length > 0 && {
      headings: headingsOf(
        content,
        headings.flatMap((it) => [it.start, it.end]),
      ),
    }),
    text: content.slice(start, end),
  }));
}

describe('structure', () => {
  test('paragraphs keep their headings', () => {
    expect(cut('Intro.\n\n# Deploy\n\nWith care.\n\n## Rollback\nAt once.\n\n# Contact\nAnn.')).toEqual([
      { kind: 'paragraph', text: 'Intro.' },
      { kind: 'paragraph', headings: ['Deploy'], text: 'With care.' },
      { kind: 'paragraph', headings: ['Deploy', 'Rollback'], text: 'At once.' },
      { kind: 'paragraph', headings: ['Contact'], text: 'Ann.' },
    ]);
  });

  test('a list stays whole, with its lead-in and checkboxes', () => {
    const list = 'Still open:\n\n- [ ] order racks\n- [x] sign\n  by Ann\n\n- [ ] train';
    expect(cut(`${list}\n\nThat is all.`)).toEqual([
      { kind: 'list', text: list },
      { kind: 'paragraph', text: 'That is all.' },
    ]);
  });

  test('numbered steps are a procedure, including code between them', () => {
    const steps = 'To release:\n1. Run\n   ```sh\n   just bump\n   ```\n2. Tag it.';
    expect(cut(steps)).toEqual([{ kind: 'procedure', text: steps }]);
  });

  test('a code block keeps its lead-in, and lines inside that look like headings are not headings', () => {
    const code = 'Set it so:\n```sh\n# no heading\nexport A=1\n```';
    expect(cut(`${code}\nThen go on.`)).toEqual([
      { kind: 'code', text: code },
      { kind: 'paragraph', text: 'Then go on.' },
    ]);
  });

  test('only the last sentence of a long paragraph leads into a list', () => {
    const long = 'This sentence is one of many that say something else. '.repeat(8);
    const [first, second] = cut(`${long}These count:\n- one\n- two`);
    expect(first?.text).toContain('something else');
    expect(second).toEqual({ kind: 'list', text: 'These count:\n- one\n- two' });
  });

  test('a sentence above numbered sections leads into steps, and above other sections into those sections', () => {
    const kinds = (content: string) => cut(content).map(({ kind }) => kind);
    const below = '\n\n## 1. Stop\nNow.\n\n## 2. Start\nThen.';
    expect(kinds(`To restart:${below}`)).toEqual(['steps', 'paragraph', 'paragraph']);
    expect(kinds('There are two:\n\n## users\nOne row each.\n\n## orders\nMany.')).toEqual([
      ...['sections', 'paragraph', 'paragraph'],
    ]);
    expect(kinds(`To restart, see below.${below}`)[0]).toBe('paragraph');
    expect(kinds('To restart:\n\n## Only one\nNow.')[0]).toBe('paragraph');
    // The headings stand beside its own, not below.
    expect(kinds('## 1. Run\nAs follows:\n\n## 2. Stop\nNow.\n\n## 3. Start\nThen.')[0]).toBe('paragraph');
  });

  test('the scope of a lead-in ends with its section and with the turn', () => {
    const content = 'a: There are:\n\n### x\nOne.\n```\n### no heading\n```\n### y\nTwo.\n## other\n### z\nThree.';
    expect(sectionHeadingsAfter(content, content.indexOf(':\n\n') + 1)).toEqual(['x', 'y']);
    const dialogue = 'assistant: There are:\n\n# x\nOne.\n# y\nTwo.\nuser: thanks\n# z\nNo.';
    expect(sectionHeadingsAfter(dialogue, dialogue.indexOf(':\n\n') + 1)).toEqual(['x', 'y']);
  });

  test.each([
    ['# Clone\n\nCopies deeply.', [{ kind: 'turn', headings: ['Clone'], text: 'Copies deeply.' }]],
    ['- one\n- two', [{ kind: 'list', text: 'assistant: - one\n- two' }]],
    ['```sh\nls\n```', [{ kind: 'code', text: 'assistant: ```sh\nls\n```' }]],
  ])('structure may start on the line of a speaker label: %j', (said, passages) => {
    expect(cut(`user: go\nassistant: ${said}`).slice(1)).toEqual(
      passages.map((passage) => ({ ...passage, role: 'assistant' })),
    );
  });

  test('a comment that looks like a heading is kept when nothing follows it', () => {
    expect(cut('# build.yml\nstage: lint\n# Not run at night, the runners sleep then.')).toEqual([
      { kind: 'paragraph', headings: ['build.yml'], text: 'stage: lint' },
      { kind: 'paragraph', text: '# Not run at night, the runners sleep then.' },
    ]);
    expect(cut('## To do\n## Done\nAll of it.')).toEqual([
      { kind: 'paragraph', headings: ['Done'], text: 'All of it.' },
    ]);
  });

  test('a table stays whole', () => {
    const table = '| command | does |\n| --- | --- |\n| ls | lists |';
    expect(cut(`Commands:\n${table}\nEnd.`)).toEqual([
      { kind: 'table', text: `Commands:\n${table}` },
      { kind: 'paragraph', text: 'End.' },
    ]);
  });

  test('long prose is split between sentences, and neighbouring passages share one sentence', () => {
    const sentences = Array.from({ length: 40 }, (_, i) => `Sentence number ${i} says that v1.${i} is e.g. in use.`);
    const parts = cut(sentences.join(' '));
    expect(parts.length).toBeGreaterThan(2);
    for (const [place, { text }] of parts.entries()) {
      expect(text).toMatch(/^Sentence number .* in use\.$/);
      if (place > 0) expect(text.startsWith(parts[place - 1]?.text.split(/(?<=in use\.) /).at(-1) ?? '-')).toBe(true);
    }
  });
});

describe('a list, code or table below a heading', () => {
  test.each(['Intro.\n# Deploy\n- a', 'Steps:\n\n# Deploy\n- a', 'Intro:\n## Old\n# Deploy\n- a'])(
    'does not include text above the heading: %j',
    (content) => {
      const [intro, list] = cut(content);
      expect(intro?.text).toMatch(/^(?:Intro|Steps)/);
      expect(list).toEqual({ kind: 'list', headings: ['Deploy'], text: '- a' });
    },
  );
});

describe('later passages of a long block', () => {
  const rows = (row: (place: number) => string) => Array.from({ length: 120 }, (_, place) => row(place)).join('\n');

  test('of a table repeat its header', () => {
    const header = '| command | what it does |';
    const table = `${header}\n| --- | :-: |\n${rows((place) => `| run-${place} | starts the engine number ${place} |`)}`;
    const [first, ...later] = cut(`# Tools\nAll commands:\n${table}`);
    expect(first?.text.startsWith(`All commands:\n${header}`)).toBe(true);
    expect(first?.headings).toEqual(['Tools']);
    expect(later.length).toBeGreaterThan(0);
    for (const { headings, text } of later) {
      expect(headings).toEqual(['Tools', 'All commands', header]);
      expect(text).toMatch(/^\| run-\d+ /);
    }
  });

  test('of a table without a header have none', () => {
    const later = cut(rows((place) => `| run-${place} | starts the engine number ${place} |`)).slice(1);
    expect(later.length).toBeGreaterThan(0);
    expect(later.every(({ headings }) => headings === undefined)).toBe(true);
  });

  test.each([
    ['list', (place: number) => `- engine number ${place} of the second deck`],
    ['procedure', (place: number) => `${place + 1}. start engine number ${place} of the deck`],
  ])('of a %s repeat the lead-in', (kind, row) => {
    const [first, ...later] = cut(`Some words before. These are checked at night:\n${rows(row)}`);
    expect(first?.text).toContain('These are checked at night:');
    expect(later.length).toBeGreaterThan(0);
    for (const piece of later) expect(piece).toMatchObject({ kind, headings: ['These are checked at night'] });
  });

  test('are found by the lead-in', () => {
    const content = `Checked at night:\n${rows((place) => `- engine number ${place} of the second deck`)}`;
    const passages = passagesOf({ uuid: 'u', content, source: 'text', metadata: null, saga: null });
    expect(passages.length).toBeGreaterThan(1);
    expect(passages.every(({ terms }) => terms.split(' ').includes('night'))).toBe(true);
  });
});

describe('dialogue', () => {
  test('turns of a message keep their roles, and so do parts of a turn', () => {
    expect(cut('user: how?\nassistant: So:\n1. a\n2. b\n\nDone.', 'message')).toEqual([
      { kind: 'turn', role: 'user', text: 'user: how?' },
      { kind: 'procedure', role: 'assistant', text: 'assistant: So:\n1. a\n2. b' },
      { kind: 'turn', role: 'assistant', text: 'Done.' },
    ]);
  });

  test('plain text is a dialogue when someone speaks twice', () => {
    expect(cut('Ann: Hi.\nBob: Hello.\nAnn: Bye.').map(({ role }) => role)).toEqual(['ann', 'bob', 'ann']);
    expect(cut('It rains.\nPort: 8080\nHost: here').map(({ role }) => role)).toEqual([undefined]);
  });

  test('plain text is a dialogue when several people speak once each', () => {
    expect(cut('Ann: Hi.\nBob: Hello.')).toEqual([
      { kind: 'turn', role: 'ann', text: 'Ann: Hi.' },
      { kind: 'turn', role: 'bob', text: 'Bob: Hello.' },
    ]);
    const said = "It rains.\nJean-Luc O'Neill: all set?\nNote: bring keys.\n\nMary Ann Miller: yes, of course";
    expect(cut(said).map(({ role }) => role)).toEqual([undefined, "jean-luc o'neill", 'mary ann miller']);
  });

  test.each([
    'All is well.\nNote: keep it.\nError: it broke.\nTODO: repair it.',
    'It failed.\nError: no route.\nCause: a cable.\nFix: plug it in.',
    'It is set.\nPort: 8080\nHost: here',
    'It is set.\nname: Ann\nCity: Gent\nage: 3\nPet: a cat',
    'It is set.\nHarbor: 10.0.0.1\nQuay: /srv/quay\nPier: true',
    'It is set.\nServices:\n  Harbor: quay\n  Pier: dock',
    'It ran.\n2026-01-01 12:00:00 Worker: started\nINFO: up\nWARN: slow\nWorker: done',
    'It is.\nKnown Issues: none so far.\nNext Steps: we wait.',
    'It is.\n**Harbor:** a place for ships.\n**Quay:** a wall.',
    'It is.\nHarbor2: a place.\nQuay7: a wall.',
    'It is.\nIn the old town: a place.\nOne of many more: a wall.',
  ])('labels, settings and log lines are not speakers: %j', (content) => {
    expect(cut(content).map(({ role }) => role)).toEqual([undefined]);
  });

  test('a document with headings below its labels is not a dialogue', () => {
    const document = 'It is.\nHarbor: a place.\n# More\nQuay: a wall.';
    expect(cut(document).map(({ role, headings }) => [role, headings])).toEqual([
      [undefined, undefined],
      [undefined, ['More']],
    ]);
  });

  test('a line inside code or a link has no speaker', () => {
    expect(cut('user: see\n```\nassistant: no\n```\nhttps://x.y/ is it', 'message').map(({ role }) => role)).toEqual([
      'user',
      'user',
    ]);
  });
});

describe('JSON', () => {
  test('a short document is one passage', () => {
    const json = '{"a": {"b": 1}}';
    expect(cut(json, 'json')).toEqual([{ kind: 'json', text: json }]);
  });

  test('a long document is split at its objects, which keep their keys', () => {
    const long = (key: string) =>
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${key}${i}`, `value "${i}"`]));
    const json = JSON.stringify({ name: 'deck', can: { one: long('c') }, fan: long('f') }, null, 2);
    const parts = cut(json, 'json');
    expect(parts[0]?.text).toBe('"name": "deck"');
    expect(parts.find(({ text }) => text.includes('"c3"'))?.headings).toEqual(['can', 'one']);
    expect(parts.every(({ text }) => text.length <= 900)).toBe(true);
  });

  test('text that only looks like JSON is text', () => {
    expect(cut('{broken', 'json')).toEqual([{ kind: 'paragraph', text: '{broken' }]);
  });
});

test('a given fact has no passages', () => {
  expect(cut('{"source":"a","relation":"R","target":"b","fact":"a r b"}', 'fact_triple')).toEqual([]);
});

test('each tool call of a turn is a passage of its own', () => {
  const metadata = { session: 's', tools: [{ tool: 'bash', input: 'ls', output: 'a.txt' }, 'rubbish', { tool: 'x' }] };
  const passages = passagesOf({ uuid: 'u', content: 'user: hi', source: 'message', metadata, saga: null });
  expect(passages.map(({ source, kind }) => [source, kind])).toEqual([
    ['', 'turn'],
    ['tool:0', 'tool'],
    ['tool:1', 'tool'],
  ]);
  expect(passages.map(({ source, start, end }) => textOf(source, 'user: hi', metadata).slice(start, end))).toEqual([
    'user: hi',
    'bash: ls\na.txt',
    'x',
  ]);
});

test('a long tool output is split between lines, and later passages repeat the call', () => {
  const lines = Array.from({ length: 200 }, (_, place) => `line ${place} of the log says ok`);
  const output = [...lines, `${'x'.repeat(3_000)} end`, 'the last line says E_FUSE'].join('\n');
  const metadata = { tools: [{ tool: 'bash', input: 'cat build.log', output }] };

  const passages = passagesOf({ uuid: 'u', content: 'user: hi', source: 'message', metadata, saga: null });
  const whole = textOf('tool:0', 'user: hi', metadata);
  const pieces = passages.filter(({ source }) => source === 'tool:0');

  expect(pieces.every(({ start, end }) => end - start <= 1_200)).toBe(true);
  expect(
    pieces
      .map(({ start, end }) => whole.slice(start, end))
      .join('')
      .replace(/\s/g, ''),
  ).toBe(whole.replace(/\s/g, ''));
  expect(pieces.at(-1)?.terms).toContain('e_fuse');
  expect(pieces.slice(1).every(({ headings }) => headingsOf(whole, headings).join() === 'bash: cat build.log')).toBe(
    true,
  );
  expect(pieces[0]?.headings).toEqual([]);
});

test('for any text, everything except white space and headings is in a passage, with the same split each time', () => {
  const pieces = [
    '# H',
    '- a',
    '1. b',
    '```',
    '| x |',
    'user: q?',
    'Ann: z',
    'Some words. More of them! 港口。',
    '🚀'.repeat(400),
    '',
    '   ',
    '\t- deep',
    '{',
    '---',
    'x'.repeat(1500),
  ];
  const random = randomNumbers(7);
  for (let time = 0; time < 200; time += 1) {
    const content = Array.from(
      { length: 1 + Math.floor(random() * 25) },
      () => pieces[Math.floor(random() * pieces.length)],
    ).join('\n');
    const source = random() < 0.5 ? 'text' : 'message';
    const cuts = cutText(content, source);
    const covered = new Set(cuts.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)));
    const left = content
      .split('')
      .filter((_, at) => !covered.has(at))
      .join('');
    expect(left.replace(/^ {0,3}#.*$/gm, '').replace(/[#\sH]/g, '')).toBe('');
    expect(cuts.every(({ start, end }) => start < end && content.slice(start, end).isWellFormed())).toBe(true);
    expect(cutText(content, source)).toEqual(cuts);
  }
});

test.each([
  ['user: how do I upgrade from nuxt 2 to nuxt 3', true],
  ['Which port does Harbor use?', true],
  ['can you rename it to dir', true],
  ['How we deploy: by hand.', false],
  ['What is left is small. Ann does it.', false],
  ['Can openers are in the drawer.', false],
])('%j is a question: %s', (content, asks) => {
  const episode = { uuid: 'e', content, source: 'text' as const, metadata: null, saga: null };
  expect(passagesOf(episode).map((passage) => passage.asks)).toEqual([asks]);
});
