import { describe, expect, test } from 'vitest';
import type { EpisodeSource } from '../../../src/episode.ts';
import { cutText } from '../../../src/passages/cut.ts';
import { headingsOf, passagesOf, textOf } from '../../../src/passages/passages.ts';
import { random as randomNumbers } from '../../support/random.ts';

/** What is cut, as it would be shown. */
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
  test('paragraphs stand below their headings', () => {
    expect(cut('Intro.\n\n# Deploy\n\nWith care.\n\n## Rollback\nAt once.\n\n# Contact\nAnn.')).toEqual([
      { kind: 'paragraph', text: 'Intro.' },
      { kind: 'paragraph', headings: ['Deploy'], text: 'With care.' },
      { kind: 'paragraph', headings: ['Deploy', 'Rollback'], text: 'At once.' },
      { kind: 'paragraph', headings: ['Contact'], text: 'Ann.' },
    ]);
  });

  test('a list is whole, with what leads into it and its checkboxes', () => {
    const list = 'Still open:\n\n- [ ] order racks\n- [x] sign\n  by Ann\n\n- [ ] train';
    expect(cut(`${list}\n\nThat is all.`)).toEqual([
      { kind: 'list', text: list },
      { kind: 'paragraph', text: 'That is all.' },
    ]);
  });

  test('numbered steps are a procedure, with the code inside them', () => {
    const steps = 'To release:\n1. Run\n   ```sh\n   just bump\n   ```\n2. Tag it.';
    expect(cut(steps)).toEqual([{ kind: 'procedure', text: steps }]);
  });

  test('a code block has its lead-in, and headings inside it are none', () => {
    const code = 'Set it so:\n```sh\n# no heading\nexport A=1\n```';
    expect(cut(`${code}\nThen go on.`)).toEqual([
      { kind: 'code', text: code },
      { kind: 'paragraph', text: 'Then go on.' },
    ]);
  });

  test('a long paragraph leads into a list with its last sentence only', () => {
    const long = 'This sentence is one of many that say something else. '.repeat(8);
    const [first, second] = cut(`${long}These count:\n- one\n- two`);
    expect(first?.text).toContain('something else');
    expect(second).toEqual({ kind: 'list', text: 'These count:\n- one\n- two' });
  });

  test('a comment that looks like a heading is kept where nothing stands below', () => {
    expect(cut('# build.yml\nstage: lint\n# Not run at night, the runners sleep then.')).toEqual([
      { kind: 'paragraph', headings: ['build.yml'], text: 'stage: lint' },
      { kind: 'paragraph', text: '# Not run at night, the runners sleep then.' },
    ]);
    expect(cut('## To do\n## Done\nAll of it.')).toEqual([
      { kind: 'paragraph', headings: ['Done'], text: 'All of it.' },
    ]);
  });

  test('a table is whole', () => {
    const table = '| command | does |\n| --- | --- |\n| ls | lists |';
    expect(cut(`Commands:\n${table}\nEnd.`)).toEqual([
      { kind: 'table', text: `Commands:\n${table}` },
      { kind: 'paragraph', text: 'End.' },
    ]);
  });

  test('long prose is cut between sentences, and neighbours share one', () => {
    const sentences = Array.from({ length: 40 }, (_, i) => `Sentence number ${i} says that v1.${i} is e.g. in use.`);
    const parts = cut(sentences.join(' '));
    expect(parts.length).toBeGreaterThan(2);
    for (const [place, { text }] of parts.entries()) {
      expect(text).toMatch(/^Sentence number .* in use\.$/);
      if (place > 0) expect(text.startsWith(parts[place - 1]?.text.split(/(?<=in use\.) /).at(-1) ?? '-')).toBe(true);
    }
  });
});

describe('dialogue', () => {
  test('turns of a message have their roles, and parts of a turn too', () => {
    expect(cut('user: how?\nassistant: So:\n1. a\n2. b\n\nDone.', 'message')).toEqual([
      { kind: 'turn', role: 'user', text: 'user: how?' },
      { kind: 'procedure', role: 'assistant', text: 'assistant: So:\n1. a\n2. b' },
      { kind: 'turn', role: 'assistant', text: 'Done.' },
    ]);
  });

  test('so does plain text, when somebody speaks twice', () => {
    expect(cut('Ann: Hi.\nBob: Hello.\nAnn: Bye.').map(({ role }) => role)).toEqual(['ann', 'bob', 'ann']);
    expect(cut('It rains.\nPort: 8080\nHost: here').map(({ role }) => role)).toEqual([undefined]);
  });

  test('a line inside code or a link is nobody', () => {
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

  test('a long one is cut at its objects, which know their keys', () => {
    const long = (key: string) =>
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${key}${i}`, `value "${i}"`]));
    const json = JSON.stringify({ name: 'deck', can: { one: long('c') }, fan: long('f') }, null, 2);
    const parts = cut(json, 'json');
    expect(parts[0]?.text).toBe('"name": "deck"');
    expect(parts.find(({ text }) => text.includes('"c3"'))?.headings).toEqual(['can', 'one']);
    expect(parts.every(({ text }) => text.length <= 900)).toBe(true);
  });

  test('what only looks like it is text', () => {
    expect(cut('{broken', 'json')).toEqual([{ kind: 'paragraph', text: '{broken' }]);
  });
});

test('a given fact has no passages', () => {
  expect(cut('{"source":"a","relation":"R","target":"b","fact":"a r b"}', 'fact_triple')).toEqual([]);
});

test('tools of a turn are passages of their own', () => {
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

test('whatever the text is, everything but white space and headings is in a passage, cut at the same places each time', () => {
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
