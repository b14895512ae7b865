import { type Commit, NO_CHANGES } from '../graph/changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { communitiesOf, communityKey } from '../graph/queries/communities.ts';
import { readFence } from '../graph/queries/fence.ts';
import { readEntityTies, readEpisodeTies, readToldBy } from '../graph/queries/forget.ts';
import { episodeKey } from '../graph/queries/record.ts';
import { readSagasOf } from '../graph/queries/sagas.ts';
import { statementsOfEpisodes } from '../graph/queries/statements.ts';
import { movedFacts } from '../ingest/changes.ts';
import { readMentions, withoutMentions } from '../ingest/mentions.ts';
import { factKey, sameKey } from '../ingest/names.ts';
import { forgetEntities, shorten, summariesAnew } from './entities.ts';
import { type ForgottenFacts, forgetFacts } from './facts.ts';
import type { Unsaid } from './journal.ts';
import { isOfAny, maskSentences } from './mask.ts';
import type { Gone, Wanted } from './targets.ts';

/** A forgetting that is worked out and not written yet. */
export interface WorkedOut {
  /** The fence that the graph had before anything was read. */
  readonly seen: number;
  readonly gone: Gone;
  /** Without the vectors of new words and names, which are empty. */
  readonly changes: Omit<Commit, 'fence' | 'seen' | 'now'>;
  /** The claims that are forgotten as such. */
  readonly claims: readonly { readonly source: string; readonly target: string; readonly fact: string }[];
  /** What must not stand in the journal any more. */
  readonly unsaid: Unsaid;
}

/** Works out what has to change so that a graph becomes as if it had never heard what is forgotten. */
export async function workOut(graph: GroupGraph, wanted: Wanted, now: Date): Promise<WorkedOut> {
  const seen = await readFence(graph);
  if (wanted.withEpisodes) {
    const { gone } = await workOut(graph, { ...wanted, withEpisodes: false }, now);
    const episodes = [...new Set([...wanted.episodes, ...gone.telling])];
    return { ...(await workOut(graph, { ...wanted, episodes, withEpisodes: false }, now)), seen };
  }
  const { episodes } = wanted;
  const ties = await readEpisodeTies(graph, episodes);
  const facts = await forgetFacts(
    graph,
    wanted,
    ties.flatMap((it) => it.facts),
    now,
  );
  const named = ties.flatMap(({ entities }) => entities);
  const told = ties.flatMap((it) => readMentions(it.told));
  const meant = await readEntityTies(graph, wanted.entities);
  const entities = await forgetEntities(graph, wanted, [...named, ...endsOf(facts)], told, facts.settled);
  const lost = new Set(entities.removedEntities.map(({ uuid }) => uuid));
  const summaries = (await summariesAnew(graph, facts, now)).filter(({ uuid }) => !lost.has(uuid));
  const touched = [...lost, ...summaries.map(({ uuid }) => uuid), ...entities.renamed.map(({ uuid }) => uuid)];
  const stating = [...facts.stated.keys()];
  const [around, communities] = await Promise.all([
    readSagasOf(graph, [...new Set([...episodes, ...stating])]),
    communitiesOf(graph, touched),
  ]);
  const { settled, reworded, forgotten, losers } = facts;
  const own = new Set(episodes);
  // What was told of a saga may tell what is forgotten, also where all its episodes stay.
  const sagas = around.filter(({ isTold, chain }) => isTold || chain.some((episode) => own.has(episode)));
  const supporters = [...forgotten].flatMap(({ stored }) => stored.flatMap((fact) => fact.episodes));
  const naming = meant.flatMap((it) => it.episodes).filter((episode) => !own.has(episode));
  const telling = await readToldBy(graph, [...new Set(naming)]);
  const shortened = shorten(sagas, own);
  const statements = await statementsOfEpisodes(graph, [...new Set(supporters)]);
  const texts = [...forgotten].map(({ fact }) => fact);
  const masked = await maskSentences(graph, new Map([...facts.stated].filter(([episode]) => !own.has(episode))));
  const changes: WorkedOut['changes'] = {
    ...NO_CHANGES,
    ...shortened,
    ...masked,
    cutFacts: settled.cut,
    changedFacts: settled.changed,
    removedFacts: settled.removed.map(({ uuid, source, target }) => ({ uuid, source, target })),
    removedStatements: statements
      .filter(({ text }) => isOfAny(text, texts))
      .map(({ uuid, episode }) => ({ id: uuid, episode })),
    evidence: settled.evidence,
    endings: facts.changedEndings.filter(({ endings }) => endings.length > 0),
    summaries,
    movedFacts: movedFacts(own, settled, facts.endings),
    removedEpisodes: episodes.map((uuid) => ({ uuid, key: episodeKey(uuid) })),
    removedEntities: entities.removedEntities,
    unlabelled: entities.unlabelled,
    labelled: entities.labelled,
    attributed: entities.attributed,
    retold: telling
      .map(({ episode, told }) => ({ key: episodeKey(episode), was: told, told: withoutMentions(told, lost) }))
      .filter(({ was, told }) => was !== told)
      .map(({ key, told }) => ({ key, told })),
    clearedAliases: entities.clearedAliases,
    aliases: entities.aliases,
    renamedEntities: entities.renamed.map((it) => ({ ...it, embedding: [] })),
    rewordedFacts: settled.facts
      .filter(({ claim }) => reworded.some((it) => it.claim === claim))
      .map(({ uuid, claim: { source, target, relation, fact } }) => ({
        ...{ uuid, source, target, relation, fact },
        embedding: [],
      })),
    removedNotes: [
      ...settled.withoutEvidence.map((uuid) => ({ key: factKey(uuid) })),
      ...facts.changedEndings.filter(({ endings }) => endings.length === 0).map(({ key }) => ({ key })),
    ],
    removedCommunities: communities.map((uuid) => ({ uuid, key: communityKey(uuid) })),
  };
  const tellers = new Set([...supporters, ...naming]);
  return {
    seen,
    changes,
    claims: [...forgotten].map(({ source, target, fact }) => ({ source, target, fact })),
    unsaid: unsaidBy(changes, [...told.map(({ name }) => name), ...facts.wordings]),
    gone: {
      episodes: ties.filter(({ isThere }) => isThere).map(({ uuid }) => uuid),
      facts: changes.removedFacts.map(({ uuid }) => uuid),
      entities: [...lost],
      telling: [...tellers].filter((episode) => episode !== '' && !own.has(episode)),
      keptFacts: losers.filter(({ supports }) => supports.length > 0).length,
      reopenedFacts: settled.facts.filter(({ stored, span }) => stored?.invalidAt && !span.invalidAt).length,
      summaries:
        summaries.filter(({ isOther }) => isOther).length +
        communities.length +
        sagas.filter(({ isTold }) => isTold).length,
    },
  };
}

function unsaidBy(changes: WorkedOut['changes'], words: readonly string[]): Unsaid {
  const { removedEpisodes, removedFacts, removedEntities, removedSagas, removedCommunities } = changes;
  const { summaries, sagas, rewordedFacts, renamedEntities, attributed, changedFacts } = changes;
  const uuids = (...lists: (readonly { readonly uuid: string }[])[]) => new Set(lists.flat().map(({ uuid }) => uuid));
  const kept = new Set(changes.aliases.map(({ alias }) => sameKey(alias)));
  return {
    gone: uuids(removedEpisodes, removedFacts, removedEntities, removedSagas, removedCommunities),
    retold: uuids(summaries, sagas),
    reworded: uuids(rewordedFacts, renamedEntities, attributed, changedFacts.filter(hasAttributes)),
    words: new Set(words.map(sameKey).filter((word) => !kept.has(word))),
    masked: new Map(changes.maskedEpisodes.map((it) => [it.uuid, it])),
  };
}

const hasAttributes = ({ attributes }: { attributes: object }) => Object.keys(attributes).length > 0;

/** Those of facts that go may have been kept by these alone. */
const endsOf = ({ settled }: ForgottenFacts) => settled.removed.flatMap(({ source, target }) => [source, target]);
