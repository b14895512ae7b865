import { neutralizeTags } from '../redaction/neutralize-tags.ts';
import { omittedNotice } from '../search/answer/excerpt/cut-list.ts';
import type { FoundCommunity, FoundEntity, FoundEpisode, FoundItems } from '../search/results.ts';
import { oneLine, truncated } from '../text.ts';
import { day } from '../time.ts';

const LONGEST = 400;

/** The answer when nothing relevant is known. */
export const NOTHING_KNOWN = 'Nothing relevant is known.';

/**
 * The answer for people and language models: one bullet for each thing that was found, best first.
 * @param limit of facts and passages together
 */
export function bulletList(
  { facts, episodes, passages = [], entities = [], communities = [] }: FoundItems,
  limit = Number.POSITIVE_INFINITY,
): string {
  const statedIn = Map.groupBy(facts, (fact) => fact.statedIn);
  const shown = new Set(passages.map(({ uuid }) => uuid));
  const answers = [
    ...facts
      .filter((fact) => fact.statedIn === undefined || !shown.has(fact.statedIn))
      .map((fact) => ({ score: fact.score, text: oneLine(factBullet(fact)) })),
    ...passages.map((passage) => ({
      score: Math.max(passage.score, ...(statedIn.get(passage.uuid) ?? []).map(({ score }) => score)),
      text: passageBullet(passage),
    })),
  ];
  const bullets = [
    ...answers.sort((a, b) => b.score - a.score).slice(0, limit),
    ...episodes.map((episode) => ({ score: episode.score, text: oneLine(episodeBullet(episode)) })),
    ...entities.map((entity) => ({ score: entity.score, text: oneLine(entityBullet(entity)) })),
    ...communities.map((community) => ({ score: community.score, text: oneLine(communityBullet(community)) })),
  ];
  if (bullets.length === 0) return NOTHING_KNOWN;
  return bullets
    .sort((a, b) => b.score - a.score)
    .map(({ text }) => neutralizeTags(text))
    .join('\n');
}

type Time = string | Date;

/** A passage as far as it is printed, with its times as the graph or as the library has them. */
export interface PassageText {
  readonly excerpt: string;
  readonly kind: string;
  readonly referenceTime: Time;
  readonly until?: Time;
  readonly omitted?: number;
  readonly episode: { readonly name: string };
}

/** A fact as far as it is printed. */
export interface FactText {
  readonly fact: string;
  readonly source: string;
  readonly target: string;
  readonly validAt: Time | null;
  readonly invalidAt: Time | null;
}

/** White space has no meaning in these kinds. */
const PROSE = new Set<string>(['paragraph', 'turn']);

/** The excerpt, with the number of omitted items if a list was cut. */
export function completeExcerpt({ excerpt, kind, omitted = 0, episode }: PassageText): string {
  return omitted === 0 ? excerpt : `${excerpt.trimEnd()}\n${omittedNotice(omitted, kind, episode.name)}`;
}

/**
 * Meaningful line breaks are kept below the bullet. If a list was cut, the last line says so.
 * @param origin text after the dates
 */
export function passageBullet(passage: PassageText, origin = ''): string {
  const { kind, referenceTime, until } = passage;
  const ended = until === undefined ? '' : `, until ${day(until)}`;
  const date = `(said ${day(referenceTime)}${ended}${origin === '' ? '' : `, ${origin}`})`;
  const text = completeExcerpt(passage);
  if (PROSE.has(kind) || !text.includes('\n')) return `- ${oneLine(text)} ${date}`;
  const [first = '', ...others] = text.split(/\r\n?|\n/).filter((line) => line.trim() !== '');
  return [`- ${first.trim()}`, ...others.map((line) => `  ${line}`)].join('\n').concat(` ${date}`);
}

export function factBullet({ fact, source, target, validAt, invalidAt }: FactText, origin = ''): string {
  const ends = [source, target].filter((name) => !fact.includes(name)).join(', ');
  const about = [ends, formatPeriod(validAt, invalidAt), origin].filter((part) => part !== '').join('; ');
  return `- ${truncated(oneLine(fact), LONGEST)}${about ? ` (${about})` : ''}`;
}

function episodeBullet({ excerpt, referenceTime }: FoundEpisode): string {
  return `- ${truncated(oneLine(excerpt), LONGEST)} (said ${day(referenceTime)})`;
}

function entityBullet({ name, type, summary }: FoundEntity): string {
  return `- ${oneLine(name)}${type === 'Entity' ? '' : ` (${type})`}${below(summary)}`;
}

function communityBullet({ name, summary }: FoundCommunity): string {
  return `- ${oneLine(name)}${below(summary)}`;
}

function below(summary: string): string {
  const text = truncated(oneLine(summary), LONGEST);
  return text === '' ? '' : `: ${text}`;
}

export function formatPeriod(from: Time | null, to: Time | null): string {
  if (from && to) return `${day(from)} to ${day(to)}`;
  if (from) return `since ${day(from)}`;
  return to ? `until ${day(to)}` : '';
}
