import { expect, test } from 'vitest';
import { findEntityCandidates } from '../../../src/graph/queries/commit-reads.ts';
import { plainEmbedder } from '../../support/models.ts';
import { useStores } from '../../support/stores.ts';
import { useMemories } from '../search/memories.ts';

const newMemory = useMemories(useStores());
const nowhere = (await plainEmbedder().embed(['nothing of the kind']))[0] ?? [];

async function likeNames(asked: readonly string[], names: readonly string[]) {
  const { graph, entity } = await newMemory();
  for (const name of names) await entity(name);
  const rows = await findEntityCandidates(
    graph,
    asked.map((name) => ({ name, vector: nowhere })),
  );
  return asked.map((_, place) =>
    rows.filter((row) => row.place === place && row.near === null).map(({ name }) => name),
  );
}

test('a name is found by its rare word, even after a common word', async () => {
  const usual = Array.from({ length: 80 }, (_, index) => `Gateway number${index}`);

  const [like] = await likeNames(['Gateway Xylophone'], [...usual, 'Xylophone']);

  expect(like).toEqual(['Xylophone']);
});

test('matches of one name do not displace those of the next', async () => {
  const some = Array.from({ length: 12 }, (_, index) => `Harbor quay${index}`);

  const [harbor, tower] = await likeNames(['Harbor', 'Tower'], [...some, 'Clock Tower']);

  expect(harbor).toHaveLength(5);
  expect(tower).toEqual(['Clock Tower']);
});

test('names with more terms than fit one query are all looked up', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `north${index} south${index}`);

  const like = await likeNames(names, names);

  expect(like.map((found) => [...new Set(found)])).toEqual(names.map((name) => [name]));
});
