import { type Briefing, makeBriefing } from '../briefing/briefing.ts';
import { DEFAULT_BUDGET, renderBriefing, tokensOf } from '../briefing/render.ts';
import { InvalidInputError } from '../errors.ts';
import { BRIEFING } from '../reader/cache.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';

export interface BriefingOptions extends GroupOptions {
  /** Tokens that the text may have, from 50 to 100,000; default 1,000. */
  readonly budget?: number;
  /** False: read from the graph even if the briefing is cached. */
  readonly cache?: boolean;
}

/** The briefing of a session; empty parts and an empty text for an empty memory. */
export interface WholeBriefing extends Briefing {
  readonly text: string;
  /** About how many tokens the text has. */
  readonly tokens: number;
}

/** @throws InvalidInputError; StoreUnreachableError when the graph has to be asked and is away */
export async function askForBriefing(services: Services, options: BriefingOptions): Promise<WholeBriefing> {
  const { budget = DEFAULT_BUDGET, cache = true } = options;
  if (!Number.isInteger(budget) || budget < 50 || budget > 100_000)
    throw new InvalidInputError('A briefing has a budget of 50 to 100,000 tokens.');
  const briefing = await briefingOf(services, services.group(options.group), cache);
  const text = renderBriefing(briefing, budget);
  return { ...briefing, text, tokens: tokensOf(text) };
}

/** Made ahead by a worker after each commit, so that it is mostly read with one MGET; else made on the spot. */
export async function briefingOf(services: Services, group: string, useCache = true): Promise<Briefing> {
  const reader = await services.reader();
  const make = async () => makeBriefing((await services.graphs()).group(group), new Date());
  return reader.answer(group, BRIEFING, make, { useCache, isAnswer: isBriefing });
}

const isBriefing = (kept: object): boolean => Array.isArray((kept as Partial<Briefing>).rules);
