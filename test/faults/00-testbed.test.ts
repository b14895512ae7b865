import { describe, expect, test } from 'vitest';
import { canonicalLines, differences } from '../support/faults/canonical-graph.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { commandsIn, replyEnd } from '../support/faults/resp.ts';
import type { StoryEpisode } from '../support/faults/story.ts';
import type { StoredEdge, StoredNode, WholeGraph } from '../support/graphiti/whole-graph.ts';

// The other tests rely on this: the inspection finds a wrong graph, and the proxy separates commands on the wire.

const EPISODE = '00000000-0000-4000-8000-000000000001';
const told: StoryEpisode = {
  uuid: EPISODE,
  group: 'g',
  content: 'text',
  referenceTime: new Date(0),
  ownFact: 'Harbor uses Redis',
};

const node = (labels: string[], properties: Record<string, unknown>): StoredNode => ({ labels, properties, types: {} });

function sound(salt = 0): WholeGraph {
  const uuid = (kind: number) => `00000000-0000-4000-8000-${String(salt * 100 + kind).padStart(12, '0')}`;
  const [harbor, redis, fact] = [uuid(2), uuid(3), uuid(4)];
  const end = (of: string, label: string) => ({ uuid: of, labels: [label] });
  const edge = (type: string, from: string, to: string, properties: Record<string, unknown>): StoredEdge => ({
    type,
    source: end(from, from === EPISODE ? 'Episodic' : 'Entity'),
    target: end(to, 'Entity'),
    properties,
    types: {},
  });
  return {
    group: 'g',
    nodes: [
      node(['Episodic'], { uuid: EPISODE, content: 'text', valid_at: '2025', entity_edges: [fact], name: `e_${salt}` }),
      node(['_Meta'], { key: `episode:${EPISODE}`, committed_at: `2026-${salt}` }),
      node(['Entity'], { uuid: harbor, name: 'Harbor', created_at: String(salt) }),
      node(['Entity'], { uuid: redis, name: 'Redis' }),
    ],
    edges: [
      edge('RELATES_TO', harbor, redis, { uuid: fact, fact: told.ownFact, valid_at: '2025', episodes: [EPISODE] }),
      edge('MENTIONS', EPISODE, harbor, { uuid: uuid(5) }),
      edge('MENTIONS', EPISODE, redis, { uuid: uuid(6) }),
    ],
  };
}

describe('a graph', () => {
  test('that is complete and consistent passes inspection', () => {
    expect(inspectGraph(sound(), [told])).toEqual(NO_DEFECTS);
  });

  test('that lacks the fact of a committed episode is reported as lost and half-written', () => {
    const { edges, ...graph } = sound();

    const wrongs = inspectGraph({ ...graph, edges: edges.filter(({ type }) => type === 'MENTIONS') }, [told]);

    expect([wrongs.lost.length, wrongs.halfWritten.length]).toEqual([1, 1]);
  });

  test('that has facts of an uncommitted episode is reported as half-written', () => {
    const { nodes, ...graph } = sound();

    const wrongs = inspectGraph({ ...graph, nodes: nodes.filter(({ properties }) => !properties.key) }, [told]);

    expect(wrongs.halfWritten).not.toEqual([]);
  });

  test.each(['nodes', 'edges'] as const)('with duplicate %s is reported as having duplicates', (kind) => {
    const graph = sound();
    const doubled = { ...graph, [kind]: [...graph[kind], graph[kind].at(-1)] } as WholeGraph;

    expect(inspectGraph(doubled, [told]).duplicates).toHaveLength(1);
  });

  test('has the same hash regardless of uuids and system times, but a different hash when a property differs', () => {
    const [one, other] = [sound(0), sound(7)];
    const { properties } = other.edges[0] as StoredEdge;
    const changed = {
      ...other,
      edges: other.edges.map((it, place) => (place ? it : { ...it, properties: { ...properties, name: 'X' } })),
    };

    expect(differences(canonicalLines(one), canonicalLines(other))).toEqual([]);
    expect(differences(canonicalLines(one), canonicalLines(changed))).toHaveLength(2);
  });
});

test('the proxy separates commands from replies wherever the byte stream is split', () => {
  const command = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n';
  const replies = ['+OK\r\n', '$-1\r\n', '*2\r\n:1\r\n$2\r\nab\r\n', '%1\r\n+k\r\n_\r\n', '*-1\r\n', '>1\r\n+x\r\n'];

  for (let cut = 0; cut < command.length; cut += 1)
    expect(commandsIn(Buffer.from(command.repeat(2).slice(0, command.length + cut))).commands).toHaveLength(1);
  expect(commandsIn(Buffer.from(command)).commands[0]?.args).toEqual(['SET', 'k', 'a\r\nb']);
  for (const reply of replies) {
    expect(replyEnd(Buffer.from(`${reply}+more\r\n`), 0)).toBe(reply.length);
    expect(replyEnd(Buffer.from(reply.slice(0, -1)), 0)).toBeUndefined();
  }
});
