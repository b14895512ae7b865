import { expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { instant } from '../../../src/graph/queries/time-conditions.ts';
import { findEndedSentences } from '../../../src/search/answer/outdated/ended-sentences.ts';
import { RECIPES, search } from '../../../src/search/search.ts';
import { plainEmbedder } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const opened = useStoreConnections(useStores());
const OLD = 'Labels are rendered with paperpress. They are kept for two years.';
const NEW = 'paperpress was replaced by Inkpress for labels.';
const LAST = 'Labels are rendered with Leafpress instead of Inkpress.';

/** What of the first text is over at a time, whose later ones came in the given order. */
async function over(later: readonly (readonly [day: string, text: string])[], asOf: string) {
  const graph = opened.graphs.group(newGroup());
  await graph.prepare(plainEmbedder());
  const time = (day: string) => new Date(`${day}T10:00:00Z`);
  const told = [...later, ['2026-03-02', OLD] as const].map(([day, text]) =>
    newEpisode(text, null, graph.group, 1_000_000, { referenceTime: time(day) }),
  );
  for (const episode of told) await recordEpisodes(graph, [episode]);
  const part = {
    id: 'old',
    episode: told.at(-1)?.uuid ?? '',
    text: OLD,
    start: 0,
    saidAt: '2026-03-02T10:00:00+00:00',
  };
  const ended = await findEndedSentences(graph, [part], { asOf: instant(time(asOf)) });
  return (ended.get('old') ?? []).map(({ start, end, until, endedBy }) => ({
    sentence: OLD.slice(start, end),
    until: until.toISOString().slice(0, 10),
    by: endedBy.text,
  }));
}

const SENTENCE = 'Labels are rendered with paperpress.';

test('a sentence ends when another replaces it, in any order of arrival, and leads to the current one', async () => {
  const expected = [{ sentence: SENTENCE, until: '2026-04-20', by: LAST }];

  expect(
    await over(
      [
        ['2026-04-20', NEW],
        ['2026-05-11', LAST],
      ],
      '2026-05-15',
    ),
  ).toEqual(expected);
  expect(
    await over(
      [
        ['2026-05-11', LAST],
        ['2026-04-20', NEW],
      ],
      '2026-05-15',
    ),
  ).toEqual(expected);
});

test('as of a time in between, a query returns the wording of that time', async () => {
  expect(
    await over(
      [
        ['2026-05-11', LAST],
        ['2026-04-20', NEW],
      ],
      '2026-05-01',
    ),
  ).toEqual([{ sentence: SENTENCE, until: '2026-04-20', by: NEW }]);
  expect(
    await over(
      [
        ['2026-05-11', LAST],
        ['2026-04-20', NEW],
      ],
      '2026-03-10',
    ),
  ).toEqual([]);
});

test('an answer states the current value once, and as of an earlier time the value of then', async () => {
  const embedder = plainEmbedder();
  const graph = opened.graphs.group(newGroup());
  await graph.prepare(embedder);
  for (const [day, text] of [
    ['2026-03-02', 'Labels are rendered with paperpress.'],
    ['2026-04-20', NEW],
  ] as const)
    await recordEpisodes(graph, [
      newEpisode(text, null, graph.group, 1_000_000, { referenceTime: new Date(`${day}T10:00:00Z`) }),
    ]);
  const asked = async (asOf?: Date) => {
    const parts = { graph, embedder, languageModel: async () => Promise.reject(new Error('No model is asked.')) };
    const found = await search(parts, 'with what are labels rendered', { limit: 5, recipe: RECIPES.default, asOf });
    return found.passages?.map(({ excerpt }) => excerpt);
  };

  expect(await asked()).toEqual([NEW]);
  expect(await asked(new Date('2026-04-01T00:00:00Z'))).toEqual(['Labels are rendered with paperpress.']);
});

test('a correction is not attributed to another speaker, in any kind of answer', async () => {
  const embedder = plainEmbedder();
  const graph = opened.graphs.group(newGroup());
  await graph.prepare(embedder);
  for (const [day, content] of [
    [
      '2026-03-02',
      'user: Print the labels.\nassistant: Labels are rendered with paperpress. They are kept for two years.',
    ],
    ['2026-04-20', `user: ${NEW}\nassistant: Noted.`],
  ] as const)
    await recordEpisodes(graph, [
      newEpisode(content, null, graph.group, 1_000_000, {
        ...{ referenceTime: new Date(`${day}T10:00:00Z`), source: 'message' },
      }),
    ]);
  const parts = { graph, embedder, languageModel: async () => Promise.reject(new Error('No model is asked.')) };
  const asked = async (query: string, recipe: keyof typeof RECIPES) => {
    const { episodes, passages = [] } = await search(parts, query, { limit: 1, recipe: RECIPES[recipe] });
    return [...episodes, ...passages].map(({ excerpt }) => excerpt.replaceAll('\n', ' '));
  };
  const note = `[since 2026-04-20, user: ${NEW}]`;

  expect(await asked('How long are they kept, two years?', 'default')).toEqual([
    expect.stringContaining(`assistant: … They are kept for two years. ${note}`),
  ]);
  expect(await asked('Labels are rendered with paperpress', 'episodes')).toEqual([
    expect.stringMatching(/^(?!.*paperpress\.).*user: paperpress was replaced/),
  ]);
});

test('"no, it is port 8081" corrects the only port of the previous turn, and none of another session', async () => {
  const graph = opened.graphs.group(newGroup());
  await graph.prepare(plainEmbedder());
  const said = (text: string, minute: number) =>
    newEpisode(text, null, graph.group, 1_000_000, { referenceTime: new Date(Date.UTC(2026, 2, 2, 10, minute)) });
  const [before, other, next] = [
    said('The tile renderer listens on port 7070.', 0),
    said('The label printer listens on port 7060.', 1),
    said('no, it is port 7071', 2),
  ];
  await recordEpisodes(graph, [before, other, next]);
  await graph.write(
    'MATCH (a:Episodic {uuid: $before}), (b:Episodic {uuid: $next}) CREATE (a)-[:NEXT_EPISODE {uuid: "next"}]->(b)',
    { before: before.uuid, next: next.uuid },
  );

  const parts = [before, other].map(({ uuid, content }) => ({
    ...{ id: uuid, episode: uuid, text: content, start: 0, saidAt: '2026-03-02T10:00:00+00:00' },
  }));
  const ended = await findEndedSentences(graph, parts, { asOf: instant(new Date('2026-03-03T00:00:00Z')) });

  expect(ended.get(before.uuid)?.map(({ corrected }) => corrected)).toEqual([
    'The tile renderer listens on port 7071.',
  ]);
  expect(ended.get(other.uuid)).toEqual([]);
});
