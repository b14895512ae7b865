import { DEFAULT_BUDGET, type TitledSection } from '../../briefing/render.ts';
import { renderAnswers } from '../../memory/answer-block.ts';
import type { CachedBriefing } from '../../memory/briefing.ts';
import { MINUTE } from '../../time.ts';
import {
  briefingTexts,
  OPENING_OF_PROJECT,
  OPENING_OF_USER,
  type OpeningTexts,
  openingTexts,
  questionOf,
  recalledBlock,
  withTitle,
} from '../recall/recalled-text.ts';
import type { Scope } from '../scope.ts';
import type { MemoryAccess } from './memory-access.ts';

/** The text that the agent already has in its context. */
export interface KnownContext {
  /** Sentences that the agent already has. */
  readonly recalled: ReadonlySet<string>;
  /** Episodes of the session itself. */
  readonly episodes: ReadonlySet<string>;
}

export interface Recall {
  /**
   * The briefings for a new session, and the results for its first message; undefined if there are none.
   * @param timeoutMs how long the message may still wait
   */
  opening(stores: MemoryAccess, words: string, context: KnownContext, timeoutMs: number): Promise<string | undefined>;
  /** The results for a later message that the agent does not have in its context. */
  news(stores: MemoryAccess, words: string, context: KnownContext, timeoutMs: number): Promise<string | undefined>;
  /** Loads the briefings, and makes the first question fast. */
  warmUp(stores: MemoryAccess): Promise<void>;
  /** The briefings of the last few minutes, as a fallback. */
  latestBriefings(): string | undefined;
  /** Notes in the memories that a session has the briefings, if the text is the latest of `opening` or `latestBriefings`. Waits for nothing. */
  recordDelivery(session: string, text: string): void;
}

/** The most results from the project's memory and from the user's. */
const OPENING_LIMITS = [OPENING_OF_PROJECT, OPENING_OF_USER] as const;
/** A later message gets less text, which is added to all earlier texts. */
const NEWS_LIMITS = [3, 2] as const;
/** Share of the time that a message may wait. If only the recall is late, the briefing is still delivered in time. */
const SHARE = 0.85;
/** A short lifetime, because forgotten content must disappear soon. */
const AT_HAND_FOR = 5 * MINUTE;
const INTRODUCTION =
  'From earlier sessions, as the memory has it. It may be out of date: what the user says and what the files show goes first. The tool memory_search finds more.';

/** @param onLate called when the recall for a message is late */
export function openRecall({ group, userGroup }: Scope, onLate: () => void): Recall {
  let ready: (Tellable & { readonly at: number }) | undefined;
  let latest: Tellable | undefined;

  async function briefings(stores: MemoryAccess): Promise<readonly [CachedBriefing | undefined, CachedBriefing]> {
    const both = await Promise.all([stores.brief(userGroup).catch(() => undefined), stores.brief(group)]);
    const texts = briefingTexts([both[0]?.sections, both[1].sections]);
    ready = { text: marked([briefingOf(texts)]), recordDelivery: noting(both, texts), at: performance.now() };
    return both;
  }

  /** The results of the project's and the user's memory for a message. */
  async function answersTo(
    stores: MemoryAccess,
    words: string,
    context: KnownContext,
    timeoutMs: number,
    [ofProject, ofUser]: readonly [number, number],
  ): Promise<(readonly TitledSection[])[]> {
    const question = questionOf(words);
    if (question === '') return [];
    const ask = (from: string, limit: number) =>
      stores.recall(from, question, {
        limit,
        timeoutMs: timeoutMs * SHARE,
        known: context.recalled,
        own: context.episodes,
      });
    return Promise.all([ask(group, ofProject), ask(userGroup, ofUser)]);
  }

  return {
    async opening(stores, words, context, timeoutMs) {
      const [whole, answers] = await Promise.all([
        briefings(stores),
        // After a compaction the agent has lost the earlier recall.
        answersTo(stores, words, { ...context, recalled: new Set() }, timeoutMs, OPENING_LIMITS).catch(() => {
          onLate();
          return [];
        }),
      ]);
      const texts = openingTexts([whole[0]?.sections, whole[1].sections], words, answers);
      const text = marked([briefingOf(texts), withTitle('About this message:', texts.answers)]);
      latest = { text, recordDelivery: noting(whole, texts) };
      return text;
    },
    async news(stores, words, context, timeoutMs) {
      const answers = await answersTo(stores, words, context, timeoutMs, NEWS_LIMITS);
      return marked([renderAnswers(answers, DEFAULT_BUDGET)]);
    },
    async warmUp(stores) {
      await briefings(stores);
      await stores.recall(group, 'user', { limit: 1, timeoutMs: MINUTE, known: new Set(), own: new Set() });
    },
    latestBriefings: () => (ready && performance.now() - ready.at < AT_HAND_FOR ? ready.text : undefined),
    recordDelivery: (session, text) => [latest, ready].find((one) => one?.text === text)?.recordDelivery(session),
  };
}

interface Tellable {
  readonly text: string | undefined;
  readonly recordDelivery: (session: string) => void;
}

const noting =
  (
    [user, project]: readonly [CachedBriefing | undefined, CachedBriefing],
    texts: Pick<OpeningTexts, 'user' | 'project'>,
  ) =>
  (session: string): void => {
    user?.recordDelivery(texts.user, { host: 'opencode', session });
    project.recordDelivery(texts.project, { host: 'opencode', session });
  };

const briefingOf = ({ user, project }: Pick<OpeningTexts, 'user' | 'project'>): string =>
  [withTitle('About the user:', user), withTitle('About this project:', project)].filter(Boolean).join('\n');

const marked = (parts: readonly string[]): string | undefined => recalledBlock(INTRODUCTION, parts);
