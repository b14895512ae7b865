import { describe, expect, test } from 'vitest';
import { pastSessions } from '../../../src/briefing/sessions.ts';
import type { BriefingEpisode } from '../../../src/graph/queries/briefing.ts';

const episode = (content: string, metadata: object, day = 1): BriefingEpisode => ({
  uuid: `episode-${day}`,
  content,
  tail: content.slice(-400),
  sourceDescription: 'opencode',
  referenceTime: `2026-11-0${day}T08:00:00.000000Z`,
  metadata: JSON.stringify(metadata),
});
const turn = (content: string, day = 1) =>
  episode(content, { kind: 'turn', host: 'opencode', session: 's', message: 'm', files: [`src/${day}.ts`] }, day);
const summary = (content: string, day = 1) =>
  episode(content, { kind: 'summary', host: 'opencode', session: 's', message: 'm' }, day);

describe('a session in the briefing', () => {
  test('is shown as its first question and its last answer', () => {
    const turns = [turn('user: And now?\nassistant: Done.', 2), turn('user: Rename it.\nassistant: I will.')];

    expect(pastSessions(turns)).toEqual([
      {
        last: turns[0],
        turns: 2,
        asked: 'Rename it.',
        summary: '',
        answered: 'Done.',
        files: ['src/2.ts', 'src/1.ts'],
      },
    ]);
  });

  test("has no answer when only the user's words were stored", () => {
    expect(pastSessions([turn('user: Where are the sessions?', 2)])).toMatchObject([
      { asked: 'Where are the sessions?', answered: '' },
    ]);
    expect(pastSessions([turn(`user: Rename it.\nassistant: ${'Long. '.repeat(100)}The end.`)])[0]?.answered).toMatch(
      /The end\.$/,
    );
  });

  test('is shown as its latest summary when its context was full; a summary is neither turn nor answer', () => {
    const episodes = [
      summary('We renamed it and moved the cache.', 3),
      turn('user: And now?\nassistant: The cache is moved.', 2),
      summary('We renamed it.', 1),
    ];

    expect(pastSessions(episodes)).toMatchObject([
      { turns: 1, summary: 'We renamed it and moved the cache.', answered: 'The cache is moved.' },
    ]);
  });

  test('is shown as its summary alone when none of its turns is among the latest', () => {
    expect(pastSessions([summary('We renamed it.')])).toMatchObject([
      { turns: 0, summary: 'We renamed it.', answered: '' },
    ]);
  });

  test.each([
    ['headings', '## Goal\nMove the cache.\n\n## Discoveries\nIt is old.\n\n## Accomplished\n- Moved it.\n'],
    [
      'numbers',
      '1. **Primary Request and Intent:** Move the cache.\n2. Key Concepts:\n   - x\n8. Current Work: Moved it.',
    ],
    ['bold words', '**Goal**\nMove the cache.\n**Key concepts:** x\n**Current state:** Moved it.'],
  ])('with a summary with %s shows the request and the completed work', (_, text) => {
    expect(pastSessions([summary(text)])[0]?.summary).toBe('Move the cache. / Moved it.');
  });

  test('with a long summary is shortened', () => {
    const long = pastSessions([
      summary(`## Goal\n${'a word '.repeat(300)}\n## Next steps\n${'and so on '.repeat(300)}`),
    ]);
    expect(long[0]?.summary.length).toBeLessThanOrEqual(303);
  });
});
