import { describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { ExtractedFact, Extraction } from '../../../src/models/language-model.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { readAsPython } from '../../support/graphiti/reader.ts';
import { scriptedModel } from '../../support/graphiti/scripted-model.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);

const day = (text: string) => new Date(`${text}T00:00:00Z`);
const fact = (given: Partial<ExtractedFact> = {}): ExtractedFact => ({
  ...{ source: 'Harbor', target: 'Redis', relation: 'USES', fact: 'Harbor uses Redis', validAt: null, invalidAt: null },
  ...given,
});
const reading = (...facts: ExtractedFact[]): Partial<Extraction> => ({
  entities: [...new Set(facts.flatMap(({ source, target }) => [source, target]))].map((name) => ({
    name,
    type: 'Tool',
  })),
  facts,
});

describe('a graph stays readable for Python although a model', () => {
  test.each<[string, Partial<Extraction>]>([
    ['ends a fact before it began', reading(fact({ validAt: day('2025-05-01'), invalidAt: day('2025-01-01') }))],
    ['ends a fact when it began', reading(fact({ validAt: day('2025-05-01'), invalidAt: day('2025-05-01') }))],
    ['names a year that has five digits', reading(fact({ validAt: new Date(Date.UTC(12025, 0)) }))],
    ['names a year before Christ', reading(fact({ invalidAt: new Date(Date.UTC(-44, 2, 15)) }))],
    ['returns a date that is not a date', reading(fact({ validAt: new Date('yesterday') }))],
    ['returns the same fact twice', reading(fact(), fact())],
    [
      'returns the same fact twice with different dates',
      reading(fact({ validAt: day('2025-01-01') }), fact({ validAt: day('2025-02-01') })),
    ],
    ['returns the same fact in both directions', reading(fact(), fact({ source: 'Redis', target: 'Harbor' }))],
    ['relates an entity to itself', reading(fact(), fact({ target: 'harbor ' }))],
    [
      'uses a label that the graph reserves',
      { ...reading(fact()), entities: ['Harbor', 'Redis'].map((name) => ({ name, type: 'Episodic' })) },
    ],
    [
      'uses a private label',
      { ...reading(fact()), entities: ['Harbor', 'Redis'].map((name) => ({ name, type: '_Alias' })) },
    ],
    [
      'uses an invalid label',
      { ...reading(fact()), entities: ['Harbor', 'Redis'].map((name) => ({ name, type: 'a`b c' })) },
    ],
    [
      'returns names with quotes and backslashes',
      reading(fact({ source: 'a"\\b', target: "c'`d", fact: 'a"\\b uses c\'`d\\' })),
    ],
    [
      'returns names with invisible characters',
      reading(fact({ source: 'Har\u200bbor', fact: '\u202eHarbor\u2028uses Redis' })),
    ],
    [
      'returns an end before its beginning',
      { ...reading(fact()), ended: [{ source: 'Harbor', target: 'Redis', at: day('1999-01-01') }] },
    ],
    [
      'returns an end without a time',
      { ...reading(fact()), ended: [{ source: 'Harbor', target: 'Redis', at: new Date('no') }] },
    ],
  ])('%s', async (_, extraction) => {
    for (const order of [
      ['before', 'strange', 'after'],
      ['strange', 'before', 'after'],
    ]) {
      const graph = opened.graphs.group(newGroup());
      const model = scriptedModel({ before: reading(fact()), strange: extraction, after: reading(fact()) });
      const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, { model, embedder: toyEmbedder() });

      for (const [place, content] of order.entries()) {
        await ingest(newEpisode(content, null, graph.group, 100, { referenceTime: day(`2025-0${place + 3}-01`) }));

        expect(await checklist(graph)).toEqual([]);
      }
      const { episodes, facts } = readAsPython(await wholeGraph(graph));
      expect(episodes).toHaveLength(3);
      expect(facts.length).toBeGreaterThan(0);
    }
  });
});
