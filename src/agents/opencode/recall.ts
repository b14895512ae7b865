import { briefingsFor } from '../../briefing/about.ts';
import type { Briefing } from '../../briefing/briefing.ts';
import { renderBriefing } from '../../briefing/render.ts';
import { RECALL_BEGIN, RECALL_END, recalledSentences } from '../../redaction/recalled.ts';
import { redact } from '../../redaction/redact.ts';
import { oneLine, shortened } from '../../text.ts';
import { MINUTE } from '../../time.ts';
import type { Scope } from '../scope.ts';
import type { Stores } from './stores.ts';

/** What the agent has before it already. */
export interface Context {
  /** Sentences that the agent already has. */
  readonly recalled: ReadonlySet<string>;
  /** Episodes of the session itself. */
  readonly episodes: ReadonlySet<string>;
}

export interface Recall {
  /** What a session should know from the start, and what the memories know of its first words; undefined for nothing. */
  opening(stores: Stores, words: string, context: Context): Promise<string | undefined>;
  /** What the memories know of a later message that the agent does not have before it. */
  news(stores: Stores, words: string, context: Context): Promise<string | undefined>;
  /** Has the briefings ready, and makes the first question quick. */
  warmUp(stores: Stores): Promise<void>;
  /** The briefings as they were a little while ago, for when nothing else can be had. */
  atHand(): string | undefined;
}

const [OF_PROJECT, OF_USER] = [8, 4];
/** Of a later message less is said: it comes on top of everything before. */
const [MORE_OF_PROJECT, MORE_OF_USER] = [3, 2];
const USER_BUDGET = 300;
const PROJECT_BUDGET = 1_000;
const LONGEST_QUESTION = 400;
/** Of the time that a message may wait: where only this part is late the briefing still comes. */
const SHARE = 0.85;
/** What was forgotten since must not be told for long. */
const AT_HAND_FOR = 5 * MINUTE;
const INTRODUCTION =
  'From earlier sessions, as the memory has it. It may be out of date: what the user says and what the files show goes first. The tool memory_search finds more.';

/**
 * @param timeoutMs  how long a message may wait
 * @param onLate     told when what bears on a message came too late
 */
export function openRecall({ group, userGroup }: Scope, timeoutMs: number, onLate: () => void): Recall {
  let ready: { readonly text: string; readonly at: number } | undefined;

  async function briefings(stores: Stores): Promise<Briefings> {
    const both = await Promise.all([stores.brief(userGroup).catch(() => undefined), stores.brief(group)]);
    ready = { text: textOf(both), at: performance.now() };
    return both;
  }

  async function linesAbout(stores: Stores, words: string, context: Context, ofProject: number, ofUser: number) {
    const question = shortened(oneLine(redact(words)), LONGEST_QUESTION);
    if (!/[\p{L}\p{N}]/u.test(question)) return [];
    const ask = (from: string, limit: number) =>
      stores.recall(from, question, {
        limit,
        timeoutMs: timeoutMs * SHARE,
        known: context.recalled,
        own: context.episodes,
      });
    const [project, user] = await Promise.all([ask(group, ofProject), ask(userGroup, ofUser)]);
    return [...new Set([...project, ...user])];
  }

  return {
    async opening(stores, words, context) {
      const [whole, lines] = await Promise.all([
        briefings(stores),
        // After a compaction the agent no longer knows what it was told.
        linesAbout(stores, words, { ...context, recalled: new Set() }, OF_PROJECT, OF_USER).catch(() => {
          onLate();
          return [];
        }),
      ]);
      const briefing = textOf(briefingsFor(whole, words, lines.length > 0));
      const briefed = new Set(recalledSentences(briefing));
      const news = lines.filter((line) => !recalledSentences(line).every((sentence) => briefed.has(sentence)));
      return marked([briefing, ...section('About this message:', news.join('\n'))]);
    },
    async news(stores, words, context) {
      return marked(await linesAbout(stores, words, context, MORE_OF_PROJECT, MORE_OF_USER));
    },
    async warmUp(stores) {
      await briefings(stores);
      await stores.recall(group, 'user', { limit: 1, timeoutMs: MINUTE, known: new Set(), own: new Set() });
    },
    atHand: () => (ready && performance.now() - ready.at < AT_HAND_FOR ? marked([ready.text]) : undefined),
  };
}

/** The user's and the project's. */
type Briefings = readonly (Briefing | undefined)[];

const textOf = ([user, project]: Briefings): string =>
  [
    ...section('About the user:', user ? renderBriefing(user, USER_BUDGET) : ''),
    ...section('About this project:', project ? renderBriefing(project, PROJECT_BUDGET) : ''),
  ].join('\n');

function marked(parts: readonly string[]): string | undefined {
  const present = parts.filter((part) => part !== '');
  return present.length === 0 ? undefined : [RECALL_BEGIN, INTRODUCTION, ...present, RECALL_END].join('\n');
}

const section = (title: string, text: string): string[] => (text === '' ? [] : [title, text]);
