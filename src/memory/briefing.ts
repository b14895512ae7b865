import type { BriefingSections } from '../briefing/briefing.ts';
import { withoutEndedFacts } from '../briefing/line.ts';
import { DEFAULT_BUDGET, estimateTokens, renderBriefing } from '../briefing/render.ts';
import { InvalidInputError } from '../errors.ts';
import { BRIEFING_QUESTION } from '../reader/cache.ts';
import type { DeliveredBriefing } from '../reader/delivered-briefing.ts';
import { fromGraphTime } from '../time.ts';
import type { GroupOptions } from './options.ts';
import { nextChange, type Services } from './services.ts';

/** The agent session that gets a briefing. */
export interface BriefingRecipient {
  /** The agent's program, such as `claude-code`. */
  readonly host: string;
  /** The session's id in that program. */
  readonly session?: string;
}

export interface BriefingOptions extends GroupOptions {
  /** Maximum tokens of the text, from 50 to 100,000; default 1,000. */
  readonly budgetTokens?: number;
  /** False: read from the graph even if the briefing is cached. */
  readonly cache?: boolean;
  /** The agent that gets the text. `getLastBriefing` then returns the text. */
  readonly deliveredTo?: BriefingRecipient;
}

/** Like the public `Briefing`, with times in the graph's format. */
export interface RenderedBriefing extends BriefingSections {
  readonly text: string;
  /** About how many tokens the text has. */
  readonly tokens: number;
}

/** @throws InvalidInputError; StoreUnreachableError when the graph is needed and FalkorDB is down */
export async function getBriefing(services: Services, options: BriefingOptions): Promise<RenderedBriefing> {
  const { budgetTokens: budget = DEFAULT_BUDGET, cache = true, deliveredTo } = options;
  if (!Number.isInteger(budget) || budget < 50 || budget > 100_000)
    throw new InvalidInputError('A briefing has a budget of 50 to 100,000 tokens.');
  const { sections: whole, recordDelivery } = await readBriefing(services, services.group(options.group), cache);
  const rendered = renderOnce(whole, budget, new Date());
  if (deliveredTo) recordDelivery(rendered.text, deliveredTo);
  return rendered;
}

interface Rendering {
  readonly budget: number;
  readonly since: Date;
  /** When the next line begins or ends. */
  readonly until: Date | undefined;
  readonly rendered: RenderedBriefing;
}

/** The latest rendering of a cached briefing. */
const renderings = new WeakMap<BriefingSections, Rendering>();

/** Rendering takes longer than reading the cache, and its result changes only when a line begins or ends. */
function renderOnce(whole: BriefingSections, budget: number, now: Date): RenderedBriefing {
  const latest = renderings.get(whole);
  const isCurrent = latest && latest.since <= now && (!latest.until || now < latest.until);
  if (isCurrent && latest.budget === budget) return latest.rendered;
  const briefing = withoutEndedFacts(whole, now);
  const text = renderBriefing(briefing, budget, now);
  const rendered = { ...briefing, text, tokens: estimateTokens(text) };
  renderings.set(whole, { budget, since: now, until: nextChangeOf(whole, now), rendered });
  return rendered;
}

/** When one of the lines begins or ends next. */
function nextChangeOf({ pending: _, ...parts }: BriefingSections, now: Date): Date | undefined {
  return Object.values(parts)
    .flat()
    .flatMap(({ from, until }) => [fromGraphTime(from), fromGraphTime(until)])
    .filter((time) => time !== null && time > now)
    .reduce<Date | undefined>((first, time) => (time && (!first || time < first) ? time : first), undefined);
}

/** The last briefing of a group that an agent got; null if none is known. */
export async function getLastBriefing(services: Services, { group }: GroupOptions): Promise<DeliveredBriefing | null> {
  return (await (await services.reader()).lastDelivered(services.group(group))) ?? null;
}

export const briefingOf = async (services: Services, group: string, useCache = true): Promise<BriefingSections> =>
  (await readBriefing(services, group, useCache)).sections;

export interface CachedBriefing {
  readonly sections: BriefingSections;
  /** Records the text that an agent got, without waiting. An empty text, or one that was made without the cache, is not recorded. */
  readonly recordDelivery: (text: string, recipient: BriefingRecipient) => void;
}

/**
 * A worker makes the briefing after each commit, so that it is usually read with one MGET. Otherwise it is made here. Callers share the
 * sections and change nothing in them.
 */
export async function readBriefing(services: Services, group: string, useCache = true): Promise<CachedBriefing> {
  const reader = await services.reader();
  let version: string | undefined;
  const make = async () => {
    const [graphs, { makeBriefing }] = await Promise.all([services.graphs(), import('../briefing/briefing.ts')]);
    return makeBriefing(graphs.group(group), new Date());
  };
  const sections = await reader.read(group, BRIEFING_QUESTION, make, {
    ...{ useCache, isReadOnly: true, isUsable: isBriefing },
    changesAt: nextChange(services, group),
    onVersion: (found) => (version = found),
  });
  return {
    sections,
    recordDelivery(text, { host, session = null }) {
      if (version !== undefined && text !== '')
        reader.recordDelivery(group, version, { host, session, at: Date.now(), text });
    },
  };
}

function isBriefing(kept: object): boolean {
  const { rules, facts } = kept as Partial<BriefingSections>;
  return Array.isArray(rules) && Array.isArray(facts);
}
