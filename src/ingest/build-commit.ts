import { derivedUuid } from '../derived-uuid.ts';
import { type CommitChanges, NO_CHANGES } from '../graph/commit-changes.ts';
import { endingsKey, factKey } from '../graph/meta-keys.ts';
import type { Fenced } from '../graph/queries/fence.ts';
import { episodeKey } from '../graph/queries/record.ts';
import type { TokenUse } from '../models/language-model.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import { endingText, pairKey, sortTime } from './claims.ts';
import type { ExtractedEpisode } from './extract.ts';
import type { Endings, FactAfterCommit, FactChanges } from './fact-changes.ts';
import { mentionsText } from './mention-notes.ts';
import { canonicalKey } from './name-keys.ts';
import type { ReconciledFacts } from './reconcile-facts.ts';
import type { Resolution, ResolvedEntity } from './resolve-entities.ts';
import type { NewSummary } from './summaries.ts';

/** Everything computed for one commit. */
export interface CommitInputs {
  readonly batch: readonly ExtractedEpisode[];
  readonly fenced: Fenced;
  readonly now: Date;
  readonly entities: Resolution;
  readonly reconciled: ReconciledFacts;
  readonly factChanges: FactChanges;
  readonly summaries: readonly NewSummary[];
  /** Token use of the judgement, for the whole batch. */
  readonly use: readonly TokenUse[];
}

/** Converts the inputs to the rows of the commit queries. */
export function buildCommit(inputs: CommitInputs): CommitChanges {
  const { batch, fenced, now, entities, reconciled, factChanges, summaries, use } = inputs;
  const vectors = new Map(batch.flatMap((item) => [...item.vectors]));
  const all = [...new Map([...entities.byKey.values()].map((entity) => [entity.uuid, entity])).values()];
  const created = all.filter(({ known }) => !known);
  const existing = all.filter((entity) => entity.known);
  const isNew = new Set(created.map(({ uuid }) => uuid));
  const fresh = new Map(summaries.map((item) => [item.uuid, item]));
  return {
    ...NO_CHANGES,
    ...fenced,
    now: toGraphTime(now),
    newEntities: created.map(({ uuid, name, type, attributes }) => ({
      uuid,
      name,
      label: type,
      summary: fresh.get(uuid)?.summary ?? '',
      isLong: fresh.get(uuid)?.isLong === true,
      attributes,
      embedding: vectors.get(name) ?? [],
    })),
    labelled: existing.filter(hasNewType).map(({ uuid, type }) => ({ uuid, label: type })),
    attributed: existing.filter(hasAttributes).map(({ uuid, attributes }) => ({ uuid, attributes })),
    aliases: entities.aliases,
    newFacts: factChanges.created.map((fact) => ({ ...fact, embedding: vectors.get(fact.fact) ?? [] })),
    splitFacts: factChanges.split,
    changedFacts: factChanges.changed,
    removedFacts: factChanges.removed.map(({ uuid, source, target }) => ({ uuid, source, target })),
    evidence: factChanges.evidence,
    removedNotes: factChanges.withoutEvidence.map((uuid) => ({ key: factKey(uuid) })),
    endings: [...reconciled.endedNow].map((pair) => ({
      key: endingsKey(pair),
      endings: (reconciled.endings.get(pair) ?? []).map(endingText),
    })),
    summaries: summaries.filter(({ uuid }) => !isNew.has(uuid)),
    mentions: mentionsOf(batch, entities),
    passageVectors: batch.flatMap(({ passageVectors }) => passageVectors),
    episodes: episodesOf(batch, entities, factChanges, reconciled, use),
    movedFacts: movedFacts(new Set(batch.map(({ episode }) => episode.uuid)), factChanges, reconciled.endings),
  };
}

const hasAttributes = ({ attributes }: ResolvedEntity) => Object.keys(attributes).length > 0;

function hasNewType({ known, type }: ResolvedEntity): boolean {
  return type !== 'Entity' && known?.labels.every((label) => label === 'Entity') === true;
}

function mentionsOf(batch: readonly ExtractedEpisode[], { byKey }: Resolution) {
  return batch.flatMap(({ episode, extraction }) => {
    const entities = new Set(extraction.entities.map(({ name }) => byKey.get(canonicalKey(name))?.uuid ?? ''));
    return [...entities].map((entity) => ({
      uuid: derivedUuid('mention', episode.uuid, entity),
      episode: episode.uuid,
      entity,
    }));
  });
}

function episodesOf(
  batch: readonly ExtractedEpisode[],
  entities: Resolution,
  factChanges: FactChanges,
  { endings }: ReconciledFacts,
  shared: readonly TokenUse[],
) {
  const stated = new Map<string, Set<string>>();
  const addFact = (episode: string, fact: string) => stated.set(episode, (stated.get(episode) ?? new Set()).add(fact));
  for (const fact of factChanges.facts) {
    for (const { episode } of fact.interval.supports) addFact(episode, fact.uuid);
    for (const episode of endersOf(fact, fact.interval.invalidAt, endings)) addFact(episode, fact.uuid);
  }
  return batch.map(({ episode: { uuid }, extraction }) => ({
    uuid,
    key: episodeKey(uuid),
    facts: [...(stated.get(uuid) ?? [])],
    use: tokenUseJson(extraction.use ?? [], shared, batch.length),
    // The stored name of an episode's mentions.
    told: mentionsText(extraction, entities),
  }));
}

/** Token use of an episode as JSON; a call shared by several episodes carries their number. Null for models without token use. */
export function tokenUseJson(
  ownUse: readonly TokenUse[],
  shared: readonly TokenUse[],
  episodes: number,
): string | null {
  const all = [...ownUse, ...shared.map((use) => ({ ...use, episodes }))];
  return all.length > 0 ? JSON.stringify(all) : null;
}

/** The episodes that say that the fact ended at `end`, or that a rival began then. */
function endersOf({ claim }: FactAfterCommit, end: Date | null, endings: Endings): string[] {
  const pairEndings = endings.get(pairKey(claim.source, claim.target)) ?? [];
  const rivals = [...claim.rivals].flatMap(({ supports }) => supports);
  const time = end?.getTime();
  return [
    ...pairEndings.filter(({ at }) => at.getTime() === time),
    ...rivals.filter((support) => sortTime(support) === time),
  ].map(({ episode }) => episode);
}

/** Changes in which facts episodes outside the batch state or end. */
export function movedFacts(
  batchEpisodes: ReadonlySet<string>,
  { facts }: FactChanges,
  endings: Endings,
): CommitChanges['movedFacts'] {
  const moves = new Map<string, { added: string[]; left: string[] }>();
  const addMove = (episodes: readonly string[], kind: 'added' | 'left', fact: string) => {
    for (const episode of episodes) {
      if (episode === '' || batchEpisodes.has(episode)) continue;
      const move = moves.get(episode) ?? { added: [], left: [] };
      moves.set(episode, move);
      move[kind].push(fact);
    }
  };
  for (const fact of facts) {
    const end = fromGraphTime(fact.stored?.invalidAt);
    const before = new Set([...(fact.stored?.episodes ?? []), ...endersOf(fact, end, endings)]);
    const now = new Set([
      ...fact.interval.supports.map(({ episode }) => episode),
      ...endersOf(fact, fact.interval.invalidAt, endings),
    ]);
    addMove(
      [...now].filter((item) => !before.has(item)),
      'added',
      fact.uuid,
    );
    addMove(
      [...before].filter((item) => !now.has(item)),
      'left',
      fact.uuid,
    );
  }
  return [...moves].map(([uuid, move]) => ({ uuid, key: episodeKey(uuid), ...move }));
}
