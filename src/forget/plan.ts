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
import { forgetEntities, rebuildSummaries, shortenSagas } from './entities.ts';
import { type ForgottenFacts, forgetFacts } from './facts.ts';
import type { Redactions } from './journal.ts';
import { isOfAny, maskSentences } from './mask.ts';
import type { ForgetEffects, ForgetTargets } from './targets.ts';

/** The computed changes of a forget task, before they are written. */
export interface ForgetPlan {
  /** The fence that the graph had before anything was read. */
  readonly seen: number;
  readonly effects: ForgetEffects;
  /** Without the vectors of new words and names, which are empty. */
  readonly changes: Omit<Commit, 'fence' | 'seen' | 'now'>;
  /** The forgotten claims. */
  readonly claims: readonly { readonly source: string; readonly target: string; readonly fact: string }[];
  /** What must be removed from the journal. */
  readonly redactions: Redactions;
}

/** Computes the changes that remove the targets and everything derived from them. */
export async function planForget(graph: GroupGraph, targets: ForgetTargets, now: Date): Promise<ForgetPlan> {
  const seen = await readFence(graph);
  if (targets.withEpisodes) {
    const { effects } = await planForget(graph, { ...targets, withEpisodes: false }, now);
    const episodes = [...new Set([...targets.episodes, ...effects.telling])];
    return { ...(await planForget(graph, { ...targets, episodes, withEpisodes: false }, now)), seen };
  }
  const { episodes } = targets;
  const ties = await readEpisodeTies(graph, episodes);
  const facts = await forgetFacts(
    graph,
    targets,
    ties.flatMap((it) => it.facts),
    now,
  );
  const named = ties.flatMap(({ entities }) => entities);
  const mentions = ties.flatMap((it) => readMentions(it.told));
  const targetTies = await readEntityTies(graph, targets.entities);
  const entities = await forgetEntities(graph, targets, [...named, ...endsOf(facts)], mentions, facts.settled);
  const removedUuids = new Set(entities.removedEntities.map(({ uuid }) => uuid));
  const summaries = (await rebuildSummaries(graph, facts, now)).filter(({ uuid }) => !removedUuids.has(uuid));
  const touched = [...removedUuids, ...summaries.map(({ uuid }) => uuid), ...entities.renamed.map(({ uuid }) => uuid)];
  const statingEpisodes = [...facts.stated.keys()];
  const [allSagas, communities] = await Promise.all([
    readSagasOf(graph, [...new Set([...episodes, ...statingEpisodes])]),
    communitiesOf(graph, touched),
  ]);
  const { settled, reworded, forgotten, changedClaims } = facts;
  const forgottenEpisodes = new Set(episodes);
  // A saga's summary may state what is forgotten, also when all its episodes stay.
  const sagas = allSagas.filter(
    ({ isTold, chain }) => isTold || chain.some((episode) => forgottenEpisodes.has(episode)),
  );
  const supporters = [...forgotten].flatMap(({ stored }) => stored.flatMap((fact) => fact.episodes));
  const namingEpisodes = targetTies.flatMap((it) => it.episodes).filter((episode) => !forgottenEpisodes.has(episode));
  const mentionRows = await readToldBy(graph, [...new Set(namingEpisodes)]);
  const shortened = shortenSagas(sagas, forgottenEpisodes);
  const statements = await statementsOfEpisodes(graph, [...new Set(supporters)]);
  const texts = [...forgotten].map(({ fact }) => fact);
  const masked = await maskSentences(
    graph,
    new Map([...facts.stated].filter(([episode]) => !forgottenEpisodes.has(episode))),
  );
  const changes: ForgetPlan['changes'] = {
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
    movedFacts: movedFacts(forgottenEpisodes, settled, facts.endings),
    removedEpisodes: episodes.map((uuid) => ({ uuid, key: episodeKey(uuid) })),
    removedEntities: entities.removedEntities,
    unlabelled: entities.unlabelled,
    labelled: entities.labelled,
    attributed: entities.attributed,
    retold: mentionRows
      .map(({ episode, told }) => ({ key: episodeKey(episode), was: told, told: withoutMentions(told, removedUuids) }))
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
  const remainingSources = new Set([...supporters, ...namingEpisodes]);
  return {
    seen,
    changes,
    claims: [...forgotten].map(({ source, target, fact }) => ({ source, target, fact })),
    redactions: redactionsOf(changes, [...mentions.map(({ name }) => name), ...facts.wordings]),
    effects: {
      episodes: ties.filter(({ isThere }) => isThere).map(({ uuid }) => uuid),
      facts: changes.removedFacts.map(({ uuid }) => uuid),
      entities: [...removedUuids],
      telling: [...remainingSources].filter((episode) => episode !== '' && !forgottenEpisodes.has(episode)),
      keptFacts: changedClaims.filter(({ supports }) => supports.length > 0).length,
      reopenedFacts: settled.facts.filter(({ stored, span }) => stored?.invalidAt && !span.invalidAt).length,
      summaries:
        summaries.filter(({ isChanged }) => isChanged).length +
        communities.length +
        sagas.filter(({ isTold }) => isTold).length,
    },
  };
}

function redactionsOf(changes: ForgetPlan['changes'], words: readonly string[]): Redactions {
  const { removedEpisodes, removedFacts, removedEntities, removedSagas, removedCommunities } = changes;
  const { summaries, sagas, rewordedFacts, renamedEntities, attributed, changedFacts } = changes;
  const uuids = (...lists: (readonly { readonly uuid: string }[])[]) => new Set(lists.flat().map(({ uuid }) => uuid));
  const kept = new Set(changes.aliases.map(({ alias }) => sameKey(alias)));
  return {
    removed: uuids(removedEpisodes, removedFacts, removedEntities, removedSagas, removedCommunities),
    resummarized: uuids(summaries, sagas),
    reworded: uuids(rewordedFacts, renamedEntities, attributed, changedFacts.filter(hasAttributes)),
    words: new Set(words.map(sameKey).filter((word) => !kept.has(word))),
    masked: new Map(changes.maskedEpisodes.map((it) => [it.uuid, it])),
  };
}

const hasAttributes = ({ attributes }: { attributes: object }) => Object.keys(attributes).length > 0;

/** Entities of removed facts, which may have had no other reason to exist. */
const endsOf = ({ settled }: ForgottenFacts) => settled.removed.flatMap(({ source, target }) => [source, target]);
