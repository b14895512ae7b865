import type { SourcedLine } from '../briefing/line.ts';
import type { ChainRow, SagaRow } from '../graph/queries/sagas.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import type { WorkerNote } from '../queue/heartbeats.ts';
import type { DeliveredBriefing } from '../reader/delivered-briefing.ts';
import type { FoundItems, Source } from '../search/results.ts';
import { toDate } from '../time.ts';
import type { RenderedBriefing } from './briefing.ts';
import type { EpisodeDetailsRow, EpisodeOverviewRow, ExtractedRows } from './episodes.ts';
import type { Entity, EntityListRow } from './reads/entities.ts';
import type { EntityHistoryRows } from './reads/history.ts';
import type { MentionRows } from './reads/mentions.ts';
import type { TimelineFactRow, TimelineRows } from './reads/timeline.ts';
import type * as Results from './results.ts';

// Converts the graph's times, which are text, to the `Date`s of the public results. Cached answers contain the text, so that answers of
// earlier releases can be read. A time that is left out here does not compile, since text is no `Date`.

type DateOf<Value> = Value extends string ? Date : Value;
type WithDates<Row, Key extends keyof Row> = { readonly [K in keyof Row]: K extends Key ? DateOf<Row[K]> : Row[K] };

/** The row with some members as `Date`s, in the same order of members. Null and missing members stay null and missing. */
function withDates<Row extends object, Key extends keyof Row>(row: Row, ...keys: readonly Key[]): WithDates<Row, Key> {
  const converted: { [K in keyof Row]: unknown } = { ...row };
  for (const key of keys) {
    const text = row[key];
    if (typeof text === 'string') converted[key] = toDate(text);
  }
  return converted as WithDates<Row, Key>;
}

const reference = <Row extends Source>(row: Row) => withDates(row, 'referenceTime');

export const toFact = <Row extends FactRow>(row: Row) =>
  withDates(row, 'validAt', 'invalidAt', 'createdAt', 'expiredAt');

const created = <Row extends { readonly createdAt: string | null }>(row: Row) => withDates(row, 'createdAt');

const withSources = <Row extends { readonly sources?: readonly Source[] }>(row: Row) => ({
  ...row,
  ...(row.sources && { sources: row.sources.map(reference) }),
});

export function toSearchResults({
  facts,
  episodes,
  passages,
  entities,
  communities,
}: FoundItems): Results.SearchResults {
  return {
    facts: facts.map((row) => withSources(toFact(row))),
    episodes: episodes.map((row) => withDates(row, 'referenceTime', 'createdAt')),
    ...(passages && {
      passages: passages.map((row) => ({
        ...withDates(row, 'referenceTime', 'until'),
        episode: reference(row.episode),
      })),
    }),
    ...(entities && { entities: entities.map((row) => withSources(created(row))) }),
    ...(communities && { communities: communities.map(created) }),
  };
}

const timelineFact = ({ endedBy: _, ...row }: TimelineFactRow) => ({
  ...toFact(row),
  sources: row.sources.map(reference),
  endSources: row.endSources.map(reference),
});

export const toEntityHistory = (history: EntityHistoryRows): Results.EntityHistory => ({
  ...history,
  facts: history.facts.map(timelineFact),
});

export const toEntity = ({ lastMention, ...row }: EntityListRow): Entity => ({
  ...row,
  ...(lastMention !== undefined && { lastMentioned: lastMention === null ? null : toDate(lastMention) }),
});

export const toTimeline = (timeline: TimelineRows): Results.Timeline => ({
  ...timeline,
  facts: timeline.facts.map(timelineFact),
});

export const toEntityMentions = (mentions: MentionRows): Results.EntityMentions => ({
  ...mentions,
  episodes: mentions.episodes.map(reference),
});

export const toEpisodeOverview = <Row extends EpisodeOverviewRow>(row: Row) =>
  withDates(row, 'referenceTime', 'createdAt', 'committedAt');

export const toEpisodeDetails = (row: EpisodeDetailsRow): Results.EpisodeDetails => ({
  ...withDates(row, 'referenceTime', 'createdAt', 'committedAt'),
  facts: row.facts.map((fact) => ({
    ...withDates(fact, 'validAt', 'invalidAt'),
    sources: fact.sources.map(reference),
  })),
});

export const toExtractedItems = ({ entities, facts }: ExtractedRows): Results.ExtractedItems => ({
  entities: entities.map(created),
  facts: facts.map(toFact),
});

export const toSagaOverview = (row: SagaRow): Results.SagaOverview => withDates(row, 'first', 'last');

export const toEpisodeReference = (row: ChainRow): Results.EpisodeReference => reference(row);

export const toWorkerStatus = ({ started, health, ...rest }: WorkerNote): Results.WorkerStatus => ({
  ...rest,
  startedAt: toDate(started),
  healthUrl: health,
});

const line = (row: SourcedLine): Results.BriefingLine => withDates(row, 'time', 'from', 'until');

export const toLastBriefing = (delivered: DeliveredBriefing | null): Results.LastBriefing | null =>
  delivered && {
    host: delivered.host,
    session: delivered.session,
    deliveredAt: new Date(delivered.at),
    text: delivered.text,
  };

export const toBriefing = (briefing: RenderedBriefing): Results.Briefing => ({
  ...briefing,
  rules: briefing.rules.map(line),
  tasks: briefing.tasks.map(line),
  decisions: briefing.decisions.map(line),
  facts: briefing.facts.map(line),
  sessions: briefing.sessions.map(line),
});
