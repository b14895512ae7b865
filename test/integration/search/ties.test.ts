import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { searchPassagesByWords } from '../../../src/graph/queries/passages.ts';
import { searchEpisodes } from '../../../src/graph/queries/search-episodes.ts';
import { searchFactsByWords } from '../../../src/graph/queries/search-facts.ts';
import { NO_TERM_LIMIT } from '../../../src/graph/queries/term-search.ts';
import { plainEmbedder } from '../../support/models.ts';
import { maxRowsScanned } from '../../support/profile.ts';
import { random as randomNumbers } from '../../support/random.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const EVERY = { text: 'true', params: {} };
const random = randomNumbers(7);
const [COUNT, KEPT] = [120, 80];
let graphs: Graphs;
beforeAll(() => {
  graphs = openGraphs(stores.config.falkordb);
});
afterAll(() => graphs.close());

async function newGraph() {
  const graph = graphs.group(newGroup());
  await graph.prepare(plainEmbedder());
  return graph;
}

/** Three of each minute, each with another number, in any order and with random uuids. */
const rows = () =>
  Array.from({ length: COUNT }, (_, number) => ({
    uuid: randomUUID(),
    number: padded(number),
    ordinal: number % 3 === 2 ? 0 : 1,
    time: `2025-01-01T0${Math.floor(number / 30)}:${10 + (Math.floor(number / 3) % 10)}:00+00:00`,
  })).sort(() => random() - 0.5);

const numbers = (texts: readonly string[]) => texts.map((text) => text.slice(-3));
const padded = (number: number) => String(number).padStart(3, '0');

describe('among equal results a limit keeps the newest, whatever their uuids and the order of writing:', () => {
  test('passages, and those that come first in their text if their times are equal', async () => {
    const found = async () => {
      const graph = await newGraph();
      await graph.write(
        `UNWIND $rows AS x
         CREATE (:_Passage {passage: x.uuid, episode: x.uuid, ordinal: x.ordinal, source: '', start: 0, end: 1, kind: 'paragraph',
           asks: false, headings: [], terms: 'canary n' + x.number, length: 2, time: x.time, known: '', version: '1'})`,
        { rows: rows() },
      );
      let passages: readonly { readonly terms: string }[] = [];
      const most = await maxRowsScanned(stores.config, graph, async (watched) => {
        passages = await searchPassagesByWords(watched, ['canary'], EVERY, KEPT, NO_TERM_LIMIT);
      });
      expect(most).toBe(COUNT);
      return numbers(passages.map(({ terms }) => terms));
    };

    const kept = await found();

    expect(kept).toHaveLength(KEPT);
    expect(kept.slice(0, 6)).toEqual([119, 117, 118, 116, 114, 115].map(padded));
    expect(await found()).toEqual(kept);
  });

  test('facts', async () => {
    const found = async () => {
      const graph = await newGraph();
      await graph.write(
        `CREATE (a:Entity {uuid: 'a', name: 'A'})
         CREATE (b:Entity {uuid: 'b', name: 'B'})
         WITH a, b UNWIND $rows AS x
         CREATE (a)-[:RELATES_TO {uuid: x.uuid, name: 'USES', fact: 'canary ' + x.number, valid_at: x.time, created_at: x.time}]->(b)`,
        { rows: rows() },
      );
      let facts: readonly { readonly fact: string }[] = [];
      const most = await maxRowsScanned(stores.config, graph, async (watched) => {
        facts = await searchFactsByWords(watched, ['canary'], EVERY, KEPT, NO_TERM_LIMIT);
      });
      expect(most).toBe(COUNT);
      return numbers(facts.map(({ fact }) => fact));
    };

    const kept = await found();

    expect(kept).toHaveLength(KEPT);
    expect(kept.slice(0, 6)).toEqual([117, 118, 119, 114, 115, 116].map(padded));
    expect(await found()).toEqual(kept);
  });

  test('episodes', async () => {
    const found = async () => {
      const graph = await newGraph();
      await graph.write(
        `UNWIND $rows AS x
         CREATE (:Episodic {uuid: x.uuid, name: 'n', content: 'canary ' + x.number, source: 'text', source_description: '',
           valid_at: x.time, created_at: x.time})`,
        { rows: rows() },
      );
      const episodes = await searchEpisodes(graph, ['canary'], EVERY, KEPT, NO_TERM_LIMIT);
      return numbers(episodes.map(({ content }) => content));
    };

    const kept = await found();

    expect(kept).toHaveLength(KEPT);
    expect(kept.slice(0, 6)).toEqual([117, 118, 119, 114, 115, 116].map(padded));
    expect(await found()).toEqual(kept);
  });
});
