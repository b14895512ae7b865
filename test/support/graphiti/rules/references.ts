import type { Rule } from '../checklist.ts';
import { describeElement, type StoredElement, textOf, textsOf, type WholeGraph } from '../whole-graph.ts';
import { kindOf } from './structure.ts';

/** References between elements exist in both directions. */
export const referenceRules: readonly Rule[] = [
  (graph) => {
    const episodes = uuids(episodesOf(graph));
    return factsOf(graph).flatMap((fact) =>
      lost(fact, 'episodes', episodes).map((element) => `${describeElement(fact)}: ${element}`),
    );
  },
  (graph) => {
    const facts = uuids(factsOf(graph));
    return episodesOf(graph).flatMap((element) =>
      lost(element, 'entity_edges', facts).map((what) => `${describeElement(element)}: ${what}`),
    );
  },
  (graph) =>
    factsOf(graph)
      .filter((fact) => textsOf(fact, 'episodes').length === 0)
      .map((element) => `${describeElement(element)}: no episode`),
  (graph) =>
    [...factsOf(graph), ...episodesOf(graph)].flatMap((element) =>
      ['episodes', 'entity_edges']
        .filter((list) => new Set(textsOf(element, list)).size < textsOf(element, list).length)
        .map((list) => `${describeElement(element)}: the same uuid twice in ${list}`),
    ),
  unlisted,
  // Python's `retrieve_episodes` of a saga and its summaries start here.
  (graph) => {
    const members = new Set(
      graph.edges.filter(({ type }) => type === 'HAS_EPISODE').map((element) => pair(element.source, element.target)),
    );
    return graph.nodes
      .filter((node) => kindOf(node) === 'Saga')
      .flatMap((saga) =>
        ['first_episode_uuid', 'last_episode_uuid']
          .filter((name) => name in saga.properties)
          .filter((name) => !members.has(`${textOf(saga, 'uuid')} ${textOf(saga, name)}`))
          .map((name) => `${describeElement(saga)}: ${name} is not one of its episodes`),
      );
  },
];

const pair = (source: { uuid: string | null }, target: { uuid: string | null }) => `${source.uuid} ${target.uuid}`;
const factsOf = ({ edges }: WholeGraph) => edges.filter(({ type }) => type === 'RELATES_TO');
const episodesOf = ({ nodes }: WholeGraph) => nodes.filter((node) => kindOf(node) === 'Episodic');
const uuids = (all: readonly StoredElement[]) => new Set(all.map((element) => textOf(element, 'uuid')));

function lost(element: StoredElement, list: string, known: ReadonlySet<string>): string[] {
  return textsOf(element, list)
    .filter((uuid) => !known.has(uuid))
    .map((uuid) => `${list} names ${uuid}, which is not there`);
}

/** Python finds and removes an episode's facts by the episode's own list. */
function unlisted(graph: WholeGraph): string[] {
  const listed = new Map(
    episodesOf(graph).map((element) => [textOf(element, 'uuid'), new Set(textsOf(element, 'entity_edges'))]),
  );
  return factsOf(graph).flatMap((fact) =>
    textsOf(fact, 'episodes')
      .filter((episode) => listed.has(episode) && !listed.get(episode)?.has(textOf(fact, 'uuid')))
      .map((episode) => `${describeElement(fact)}: its episode ${episode} does not list it`),
  );
}
