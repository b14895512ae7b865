import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { namedEntities, useScriptedIngest } from '../../support/graphiti/scripted-ingest.ts';

// Cases of graphiti_core's own tests, run in our pipeline; docs/graphiti.md names those that end differently. Where ours does something else the test
// says `ours`.

const tell = useScriptedIngest();

const named = (graph: GroupGraph) =>
  graph.read<{ name: string; type: string }>(
    `MATCH (n:Entity) RETURN n.name AS name, [l IN labels(n) WHERE l <> 'Entity'][0] AS type ORDER BY name, n.uuid`,
  );
const names = async (graph: GroupGraph) => (await named(graph)).map(({ name }) => name);
const python = (name: string) => (graph: GroupGraph) =>
  graph.write(
    `CREATE (:Entity {uuid: $uuid, name: $name, group_id: $group, summary: '', labels: ['Entity'],
       created_at: '2024-01-01T00:00:00+00:00', name_embedding: vecf32([1, 0, 0, 0])})`,
    { uuid: randomUUID(), name, group: graph.group },
  );

describe('an entity that is mentioned again', () => {
  test.each([
    ['with the same name', 'Joe Michaels', 'Joe Michaels'],
    ['with a name that differs in case and spaces', '  joe  MICHAELS ', 'Joe Michaels'],
    ['with a name that differs in a hyphen', 'Joe-Michaels', 'Joe Michaels'],
    ['with a name of one word', 'java', 'Java'],
  ])('%s is recognized without a model call', async (_, again, known) => {
    const { graph, asked } = await tell([namedEntities(known), namedEntities(again)]);

    expect(await names(graph)).toEqual([known]);
    expect(asked.flatMap((call) => call.entities)).toEqual([]);
  });

  test('in an empty graph is new, without a model call', async () => {
    const { graph, asked } = await tell([namedEntities('Joe')]);

    expect(await names(graph)).toEqual(['Joe']);
    expect(asked).toEqual([]);
  });

  test('by a name that two entities share needs a model call', async () => {
    const both = async (graph: GroupGraph) => [await python('Java')(graph), await python('java')(graph)];

    const { asked } = await tell([namedEntities('JAVA')], {}, { before: both });

    expect(asked.flatMap((call) => call.entities)).toEqual(['JAVA']);
  });

  test('by a short name similar to another needs a model call, and is merged if it is the same', async () => {
    const apart = await tell([namedEntities('Joseph'), namedEntities('Joe')]);
    const together = await tell([namedEntities('Joseph'), namedEntities('Joe')], { isSame: () => true });

    expect(apart.asked.flatMap((call) => call.entities)).toEqual(['Joe']);
    expect(await names(apart.graph)).toEqual(['Joe', 'Joseph']);
    expect(await names(together.graph)).toEqual(['Joseph']);
  });

  test('together with another ambiguous entity needs one call for both', async () => {
    const { asked } = await tell([namedEntities('Joseph', 'Robert'), namedEntities('Joe', 'Bob')]);

    expect(asked.map((call) => [...call.entities].sort())).toEqual([['Bob', 'Joe']]);
  });

  test('with a type gives it to the untyped entity, which keeps its uuid', async () => {
    const before = await tell([namedEntities('Alice')]);
    const after = await tell([namedEntities('Alice'), namedEntities('Alice/Person')]);
    const kept = await tell([namedEntities('Alice/Person'), namedEntities('Alice/Robot')]);

    expect(await named(before.graph)).toEqual([{ name: 'Alice', type: null }]);
    expect(await named(after.graph)).toEqual([{ name: 'Alice', type: 'Person' }]);
    expect(await named(kept.graph)).toEqual([{ name: 'Alice', type: 'Person' }]);
  });
});
