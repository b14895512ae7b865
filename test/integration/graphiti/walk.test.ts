import { describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/index.ts';
import {
  dated,
  firstFactOf,
  namedEntities,
  sameVectorEmbedder,
  useScriptedIngest,
} from '../../support/graphiti/scripted-ingest.ts';

// Cases of graphiti_core's own tests, run in our pipeline; docs/graphiti.md names those that end differently. Where ours does something else the test
// says `ours`.

const tell = useScriptedIngest();

describe('a walk along facts', () => {
  const walk = async (origin: 'episode' | 'entity', depth: 1 | 2 | 3) => {
    const { graph, uuids, config } = await tell([
      { ...dated('Alice knows Bob'), ...namedEntities('Alice') },
      {
        ...namedEntities('Alice', 'Bob', 'Carol'),
        facts: [firstFactOf(dated('Alice knows Bob')), firstFactOf(dated('Bob knows Carol'))],
      },
    ]);
    const [alice] = await graph.read<{ uuid: string }>(`MATCH (n:Entity {name: 'Alice'}) RETURN n.uuid AS uuid`);
    const memory = new MemoryManager(config, { embedder: sameVectorEmbedder });
    const part = { methods: ['breadth-first'], ranker: 'rrf' } as const;
    const found = await memory.search('anything', 100, {
      recipe: { facts: part, entities: part },
      walk: { from: [(origin === 'episode' ? uuids[0] : alice?.uuid) ?? ''], depth, direction: 'out' },
    });
    await memory.close();
    return {
      facts: found.facts.map((it) => it.fact).sort(),
      entities: (found.entities ?? []).map(({ name }) => name).sort(),
    };
  };

  test.each([
    [1, [], ['Alice']],
    [2, ['Alice knows Bob'], ['Alice', 'Bob']],
    [3, ['Alice knows Bob', 'Bob knows Carol'], ['Alice', 'Bob', 'Carol']],
  ] as const)('of depth %i from an episode that mentions Alice finds %j and %j', async (depth, facts, entities) => {
    expect(await walk('episode', depth)).toEqual({ facts, entities });
  });

  test('of depth one from an entity finds its neighbour', async () => {
    expect((await walk('entity', 1)).entities).toEqual(['Bob']);
  });
});
