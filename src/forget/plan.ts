import { type CommitChanges, NO_CHANGES } from '../graph/commit-changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { factKey } from '../graph/meta-keys.ts';
import { communitiesWith, communityKey } from '../graph/queries/communities.ts';
import { readFence } from '../graph/queries/fence.ts';
import {
  type EpisodeLinks,
  readEntityLinks,
  readEpisodeLinks,
  readStoredMentions,
  type StoredMentionsRow,
} from '../graph/queries/forget.ts';
import { episodeKey } from '../graph/queries/record.ts';
import { readSagasOf, type SagaOfEpisode } from '../graph/queries/sagas.ts';
import { statementsOfEpisodes } from '../graph/queries/statements.ts';
import { movedFacts } from '../ingest/build-commit.ts';
import { type EntityMention, parseMentions, withoutMentions } from '../ingest/mention-notes.ts';
import { canonicalKey } from '../ingest/name-keys.ts';
import {
  type ForgottenEntities,
  forgetEntities,
  type RebuiltSummary,
  rebuildSummaries,
  shortenSagas,
} from './entities.ts';
import { type ForgottenFacts, forgetFacts } from './facts.ts';
import { maskSentences, matchesAnyFact } from './mask-sentences.ts';
import { type OtherEpisodes, otherEpisodes } from './other-episodes.ts';
import type { Redactions } from './redact-journal.ts';

/** The content that a forget task removes, by uuid. */
export interface ForgetTargets {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** True also removes the episodes that state the facts and name the entities. */
  readonly withEpisodes: boolean;
}

/** The effects of a forget task on a graph, as uuids. */
export interface ForgetEffects {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** Remaining episodes that stated it, now without the sentences that have all its words; the same in other words may remain. */
  readonly telling: readonly string[];
  /** Remaining episodes with a sentence that has all its words and says more, which stays. */
  readonly similar: readonly string[];
  /** Facts that other episodes state too. */
  readonly keptFacts: number;
  /** Facts that hold again, because only this had ended them. */
  readonly reopenedFacts: number;
  /** The kept and the reopened facts. A worker of an earlier release names none. */
  readonly kept?: readonly string[];
  readonly reopened?: readonly string[];
  /** Summaries of entities, sagas and communities that were rebuilt or removed. */
  readonly summaries: number;
}

/** The computed changes of a forget task, before they are written. */
export interface ForgetPlan {
  /** The fence that the graph had before anything was read. */
  readonly seen: number;
  readonly effects: ForgetEffects;
  /** Without the vectors of new words and names, which are empty. */
  readonly changes: Omit<CommitChanges, 'fence' | 'seen' | 'now'>;
  /** The forgotten claims. */
  readonly claims: readonly { readonly source: string; readonly target: string; readonly fact: string }[];
  /** The content that must be removed from the journal. */
  readonly redactions: Redactions;
}

/**
 * Computes the changes that remove the targets and everything derived from them: read what depends on the targets, then derive changes,
 * redactions and effects from it. Nothing is written; the commit is refused if the graph changed since `seen`.
 */
export async function planForget(graph: GroupGraph, targets: ForgetTargets, now: Date): Promise<ForgetPlan> {
  const seen = await readFence(graph);
  const episodes = targets.withEpisodes ? await withTellingEpisodes(graph, targets, now) : targets.episodes;
  const affected = await readAffected(graph, { ...targets, episodes }, now);
  const changes = changesOf(episodes, affected);
  const { facts, mentions } = affected;
  return {
    seen,
    changes,
    claims: [...facts.forgotten].map(({ source, target, fact }) => ({ source, target, fact })),
    redactions: redactionsOf(changes, [...mentions.map(({ name }) => name), ...facts.wordings]),
    effects: effectsOf(episodes, affected, changes),
  };
}

/** The target episodes and those that state the target facts or name the target entities. */
async function withTellingEpisodes(graph: GroupGraph, targets: ForgetTargets, now: Date): Promise<string[]> {
  const { effects } = await planForget(graph, { ...targets, withEpisodes: false }, now);
  return [...new Set([...targets.episodes, ...effects.telling])];
}

/** Everything in the graph that depends on the targets. */
interface Affected {
  readonly links: readonly EpisodeLinks[];
  /** Mentions in the forgotten episodes. */
  readonly mentions: readonly EntityMention[];
  readonly facts: ForgottenFacts;
  readonly entities: ForgottenEntities;
  readonly summaries: readonly RebuiltSummary[];
  readonly sagas: readonly SagaOfEpisode[];
  readonly communities: readonly string[];
  /** Episodes that state forgotten claims. */
  readonly supporters: readonly string[];
  /** Remaining episodes that name target entities, and their mentions. */
  readonly namingEpisodes: readonly string[];
  readonly mentionRows: readonly StoredMentionsRow[];
  readonly statements: Awaited<ReturnType<typeof statementsOfEpisodes>>;
  readonly masked: Awaited<ReturnType<typeof maskSentences>>;
  readonly others: OtherEpisodes;
}

async function readAffected(graph: GroupGraph, targets: ForgetTargets, now: Date): Promise<Affected> {
  const forgottenEpisodes = new Set(targets.episodes);
  const links = await readEpisodeLinks(graph, targets.episodes);
  const statedFacts = links.flatMap((episode) => episode.facts);
  const facts = await forgetFacts(graph, targets, statedFacts, now);
  const namedEntities = [...links.flatMap((episode) => episode.entities), ...endsOf(facts)];
  const mentions = links.flatMap(({ mentions: stored }) => parseMentions(stored));
  const targetTies = await readEntityLinks(graph, targets.entities);
  const entities = await forgetEntities(graph, targets, namedEntities, mentions, facts.factChanges);
  const removedEntities = uuidsOf(entities.removedEntities);
  const summaries = (await rebuildSummaries(graph, facts, now)).filter(({ uuid }) => !removedEntities.has(uuid));
  const changedEntities = [...removedEntities, ...uuidsOf(summaries), ...uuidsOf(entities.renamed)];
  const wordings = [...facts.stated.values()].flatMap((words) => [...words]);
  const others = await otherEpisodes(graph, wordings, new Set([...targets.episodes, ...facts.stated.keys()]));
  const [allSagas, communities] = await Promise.all([
    readSagasOf(graph, [...new Set([...targets.episodes, ...facts.stated.keys(), ...others.same.keys()])]),
    communitiesWith(graph, changedEntities),
  ]);
  // A saga's summary may state what is forgotten, also when all its episodes stay.
  const sagas = allSagas.filter(
    ({ isSummarized, chain }) => isSummarized || chain.some((episode) => forgottenEpisodes.has(episode)),
  );
  const supporters = [...facts.forgotten].flatMap(({ stored }) => stored.flatMap((fact) => fact.episodes));
  const namingEpisodes = targetTies
    .flatMap((entity) => entity.episodes)
    .filter((episode) => !forgottenEpisodes.has(episode));
  const mentionRows = await readStoredMentions(graph, [...new Set(namingEpisodes)]);
  const statements = await statementsOfEpisodes(graph, [...new Set(supporters)]);
  const remaining = [...facts.stated].filter(([episode]) => !forgottenEpisodes.has(episode));
  const sources = await maskSentences(graph, new Map(remaining), 'containing');
  const further = await maskSentences(graph, others.same, 'equal');
  const masked = {
    maskedEpisodes: [...sources.maskedEpisodes, ...further.maskedEpisodes],
    maskedVectors: [...sources.maskedVectors, ...further.maskedVectors],
  };
  return {
    ...{ links, mentions, facts, entities, summaries, sagas, communities },
    ...{ supporters, namingEpisodes, mentionRows, statements, masked, others },
  };
}

function changesOf(episodes: readonly string[], affected: Affected): ForgetPlan['changes'] {
  const { facts, entities, summaries, sagas, communities, mentionRows, masked } = affected;
  const { factChanges } = facts;
  const forgottenEpisodes = new Set(episodes);
  const [keptEndings, emptyEndings] = partition(facts.changedEndings, ({ endings }) => endings.length > 0);
  return {
    ...NO_CHANGES,
    ...shortenSagas(sagas, forgottenEpisodes),
    ...masked,
    splitFacts: factChanges.split,
    changedFacts: factChanges.changed,
    removedFacts: factChanges.removed.map(({ uuid, source, target }) => ({ uuid, source, target })),
    removedStatements: removedStatements(affected),
    evidence: factChanges.evidence,
    endings: keptEndings,
    summaries,
    movedFacts: movedFacts(forgottenEpisodes, factChanges, facts.endings),
    removedEpisodes: episodes.map((uuid) => ({ uuid, key: episodeKey(uuid) })),
    removedEntities: entities.removedEntities,
    unlabelled: entities.unlabelled,
    labelled: entities.labelled,
    attributed: entities.attributed,
    retold: withoutEntities(mentionRows, uuidsOf(entities.removedEntities)),
    clearedAliases: entities.clearedAliases,
    aliases: entities.aliases,
    // The vectors of new names and words are computed before the commit.
    renamedEntities: entities.renamed.map((entity) => ({ ...entity, embedding: [] })),
    rewordedFacts: rewordedFacts(facts).map((fact) => ({ ...fact, embedding: [] })),
    removedNotes: [
      ...factChanges.withoutEvidence.map((uuid) => ({ key: factKey(uuid) })),
      ...emptyEndings.map(({ key }) => ({ key })),
    ],
    removedCommunities: communities.map((uuid) => ({ uuid, key: communityKey(uuid) })),
  };
}

function removedStatements({ facts, statements }: Affected) {
  const forgottenTexts = [...facts.forgotten].map(({ fact }) => fact);
  return statements
    .filter(({ text }) => matchesAnyFact(text, forgottenTexts))
    .map(({ uuid, episode }) => ({ id: uuid, episode }));
}

/** The stored mentions of episodes, without those of removed entities; only rows that change. */
function withoutEntities(rows: readonly StoredMentionsRow[], removed: ReadonlySet<string>) {
  return rows.flatMap(({ episode, mentions: stored }) => {
    const remaining = withoutMentions(stored, removed);
    return remaining === stored ? [] : [{ key: episodeKey(episode), told: remaining }];
  });
}

function rewordedFacts({ factChanges, reworded }: ForgottenFacts) {
  const claims = new Set(reworded.map(({ claim }) => claim));
  return factChanges.facts
    .filter(({ claim }) => claims.has(claim))
    .map(({ uuid, claim: { source, target, relation, fact } }) => ({ uuid, source, target, relation, fact }));
}

function effectsOf(episodes: readonly string[], affected: Affected, changes: ForgetPlan['changes']): ForgetEffects {
  const { links, facts, entities, summaries, sagas, communities, supporters, namingEpisodes, others } = affected;
  const forgottenEpisodes = new Set(episodes);
  const sources = new Set([...supporters, ...namingEpisodes, ...others.same.keys()]);
  const keptClaims = new Set(facts.changedClaims.filter(({ supports }) => supports.length > 0));
  const reopened = facts.factChanges.facts.filter(({ stored, interval }) => stored?.invalidAt && !interval.invalidAt);
  return {
    episodes: links.filter(({ isThere }) => isThere).map(({ uuid }) => uuid),
    facts: changes.removedFacts.map(({ uuid }) => uuid),
    entities: [...uuidsOf(entities.removedEntities)],
    telling: [...sources].filter((episode) => episode !== '' && !forgottenEpisodes.has(episode)),
    similar: others.similar.filter((episode) => !sources.has(episode)),
    keptFacts: keptClaims.size,
    reopenedFacts: reopened.length,
    kept: facts.factChanges.facts.filter(({ claim }) => keptClaims.has(claim)).map(({ uuid }) => uuid),
    reopened: reopened.map(({ uuid }) => uuid),
    summaries:
      summaries.filter(({ isChanged }) => isChanged).length +
      communities.length +
      sagas.filter(({ isSummarized }) => isSummarized).length,
  };
}

function redactionsOf(changes: ForgetPlan['changes'], words: readonly string[]): Redactions {
  const { removedEpisodes, removedFacts, removedEntities, removedSagas, removedCommunities } = changes;
  const { summaries, sagas, rewordedFacts, renamedEntities, attributed, changedFacts } = changes;
  const remainingAliases = new Set(changes.aliases.map(({ alias }) => canonicalKey(alias)));
  return {
    removed: uuidsOf(removedEpisodes, removedFacts, removedEntities, removedSagas, removedCommunities),
    resummarized: uuidsOf(summaries, sagas),
    reworded: uuidsOf(rewordedFacts, renamedEntities, attributed, changedFacts.filter(hasAttributes)),
    words: new Set(words.map(canonicalKey).filter((word) => !remainingAliases.has(word))),
    masked: new Map(changes.maskedEpisodes.map((episode) => [episode.uuid, episode])),
  };
}

const hasAttributes = ({ attributes }: { attributes: object }) => Object.keys(attributes).length > 0;

/** Entities of removed facts, which may have had no other reason to exist. */
const endsOf = ({ factChanges }: ForgottenFacts) =>
  factChanges.removed.flatMap(({ source, target }) => [source, target]);

const uuidsOf = (...lists: (readonly { readonly uuid: string }[])[]): Set<string> =>
  new Set(lists.flat().map(({ uuid }) => uuid));

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
