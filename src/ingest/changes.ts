import { derivedUuid } from '../derived-uuid.ts';
import { type Commit, NO_CHANGES } from '../graph/changes.ts';
import { episodeKey } from '../graph/queries/record.ts';
import type { TokenUse } from '../models/language-model.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import { endingText, pairKey, sortTime } from './claims.ts';
import type { Extracted } from './extract.ts';
import { mentionsText } from './mentions.ts';
import { endingsKey, factKey, sameKey } from './names.ts';
import type { Reconciled } from './reconcile-facts.ts';
import type { Resolution, ResolvedEntity } from './resolve-entities.ts';
import type { Endings, Settled, SettledFact } from './settle.ts';
import type { NewSummary } from './summaries.ts';

/** Everything computed for one commit. */
export interface Outcome {
  readonly batch: readonly Extracted[];
  readonly fence: number;
  readonly seen: number;
  readonly now: Date;
  readonly entities: Resolution;
  readonly reconciled: Reconciled;
  readonly settled: Settled;
  readonly summaries: readonly NewSummary[];
  /** Token use of the judgement, for the whole batch. */
  readonly use: readonly TokenUse[];
}

/** Converts the outcome to the rows of the commit queries. */
export function changesOf(outcome: Outcome): Commit {
  const { batch, fence, seen, now, entities, reconciled, settled, summaries, use } = outcome;
  const vectors = new Map(batch.flatMap((item) => [...item.vectors]));
  const all = [...new Map([...entities.byKey.values()].map((entity) => [entity.uuid, entity])).values()];
  const created = all.filter(({ known }) => !known);
  const known = all.filter((entity) => entity.known);
  const isNew = new Set(created.map(({ uuid }) => uuid));
  const fresh = new Map(summaries.map((item) => [item.uuid, item]));
  return {
    ...NO_CHANGES,
    fence,
    seen,
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
    labelled: known.filter(hasNewType).map(({ uuid, type }) => ({ uuid, label: type })),
    attributed: known.filter(hasAttributes).map(({ uuid, attributes }) => ({ uuid, attributes })),
    aliases: entities.aliases,
    newFacts: settled.created.map((fact) => ({ ...fact, embedding: vectors.get(fact.fact) ?? [] })),
    cutFacts: settled.cut,
    changedFacts: settled.changed,
    removedFacts: settled.removed.map(({ uuid, source, target }) => ({ uuid, source, target })),
    evidence: settled.evidence,
    removedNotes: settled.withoutEvidence.map((uuid) => ({ key: factKey(uuid) })),
    endings: [...reconciled.endedNow].map((pair) => ({
      key: endingsKey(pair),
      endings: (reconciled.endings.get(pair) ?? []).map(endingText),
    })),
    summaries: summaries.filter(({ uuid }) => !isNew.has(uuid)),
    mentions: mentionsOf(batch, entities),
    episodes: episodesOf(batch, entities, settled, reconciled, use),
    movedFacts: movedFacts(new Set(batch.map(({ episode }) => episode.uuid)), settled, reconciled.endings),
  };
}

const hasAttributes = ({ attributes }: ResolvedEntity) => Object.keys(attributes).length > 0;

function hasNewType({ known, type }: ResolvedEntity): boolean {
  return type !== 'Entity' && known?.labels.every((label) => label === 'Entity') === true;
}

function mentionsOf(batch: readonly Extracted[], { byKey }: Resolution) {
  return batch.flatMap(({ episode, extraction }) => {
    const entities = new Set(extraction.entities.map(({ name }) => byKey.get(sameKey(name))?.uuid ?? ''));
    return [...entities].map((entity) => ({
      uuid: derivedUuid('mention', episode.uuid, entity),
      episode: episode.uuid,
      entity,
    }));
  });
}

function episodesOf(
  batch: readonly Extracted[],
  entities: Resolution,
  settled: Settled,
  { endings }: Reconciled,
  shared: readonly TokenUse[],
) {
  const stated = new Map<string, Set<string>>();
  const addFact = (episode: string, fact: string) => stated.set(episode, (stated.get(episode) ?? new Set()).add(fact));
  for (const fact of settled.facts) {
    for (const { episode } of fact.span.supports) addFact(episode, fact.uuid);
    for (const episode of endersOf(fact, fact.span.invalidAt, endings)) addFact(episode, fact.uuid);
  }
  return batch.map(({ episode: { uuid }, extraction }) => ({
    uuid,
    key: episodeKey(uuid),
    facts: [...(stated.get(uuid) ?? [])],
    use: useText(extraction.use ?? [], shared, batch.length),
    // The stored name of an episode's mentions.
    told: mentionsText(extraction, entities),
  }));
}

/** Token use of an episode as JSON; a call shared by several episodes carries their number. Null for models without token use. */
export function useText(own: readonly TokenUse[], shared: readonly TokenUse[], episodes: number): string | null {
  const all = [...own, ...shared.map((use) => ({ ...use, episodes }))];
  return all.length > 0 ? JSON.stringify(all) : null;
}

/** The episodes that say that the fact ended at `end`, or that a rival began then. */
function endersOf({ claim }: SettledFact, end: Date | null, endings: Endings): string[] {
  const pairEndings = endings.get(pairKey(claim.source, claim.target)) ?? [];
  const rivals = [...claim.rivals].flatMap(({ supports }) => supports);
  const time = end?.getTime();
  return [
    ...pairEndings.filter(({ at }) => at.getTime() === time),
    ...rivals.filter((support) => sortTime(support) === time),
  ].map(({ episode }) => episode);
}

/** Changes in which facts episodes outside the batch state or end. */
export function movedFacts(own: ReadonlySet<string>, { facts }: Settled, endings: Endings): Commit['movedFacts'] {
  const moves = new Map<string, { added: string[]; left: string[] }>();
  const addMove = (episodes: readonly string[], kind: 'added' | 'left', fact: string) => {
    for (const episode of episodes) {
      if (episode === '' || own.has(episode)) continue;
      const move = moves.get(episode) ?? { added: [], left: [] };
      moves.set(episode, move);
      move[kind].push(fact);
    }
  };
  for (const fact of facts) {
    const end = fromGraphTime(fact.stored?.invalidAt);
    const before = new Set([...(fact.stored?.episodes ?? []), ...endersOf(fact, end, endings)]);
    const now = new Set([
      ...fact.span.supports.map(({ episode }) => episode),
      ...endersOf(fact, fact.span.invalidAt, endings),
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
