import { withoutRecallMarks } from '../../redaction/recall-marks.ts';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { BackgroundMemory } from './background-memory.ts';
import type { HostClient, HostPrompt, MessagePart, PromptOutput } from './host.ts';
import type { Recall } from './recall.ts';
import { recordRecalledText, recordUserText, repeatableSentences, type TrackedSession } from './sessions.ts';

/** How long a user's message may wait for the recall; with the host's overhead at most 150 ms. */
export const RECALL_TIMEOUT_MS = 130;
/**
 * How long the first message of a process may wait: until then the stores are still being loaded, and a run of one message has no other
 * chance to get its briefing.
 */
export const FIRST_RECALL_TIMEOUT_MS = 1.5 * SECOND;
/** Pause after a late recall: a frozen server must not delay every message. */
const RESTS_FOR = 30 * SECOND;
const LATE = Symbol('late');
const late = (): typeof LATE => LATE;
const ASKED_TO_REMEMBER =
  /\b(?:remember (?:that|this|to|my|I)|don'?t forget|from now on|merk(?:e)? dir|in future,? (?:always|never))\b/i;
const NUDGE =
  'The user asks for something to be remembered. This conversation is stored automatically; for a preference that holds in every project call memory_add with scope "user".';

/** In milliseconds. */
export interface RecallTimeouts {
  readonly timeoutMs?: number;
  readonly firstTimeoutMs?: number;
}

/**
 * Adds briefing and recall to the first message of a session and to the first after a compaction, and new facts to later messages.
 * Added text stays in place, so that the prompt cache stays valid. A briefing that is too late for its message is added to the next.
 * @param firstTimeoutMs for the first message of a process that has no briefing at hand yet
 * @param onLate called for each message for which the memory was too late
 * @param onAnswered called for each message for which the memory answered
 */
export function openRecallInjection(
  client: HostClient | undefined,
  background: BackgroundMemory,
  recall: Recall,
  { timeoutMs = RECALL_TIMEOUT_MS, firstTimeoutMs = FIRST_RECALL_TIMEOUT_MS }: RecallTimeouts = {},
  onLate: () => void = () => {},
  onAnswered: () => void = () => {},
) {
  let restsUntil = 0;
  let isFirst = true;

  /** The text to add. The caller adds it, so that a late answer adds nothing. */
  async function toAdd(session: TrackedSession, words: string, limit: number): Promise<string | undefined> {
    const deadline = performance.now() + limit;
    if (!session.isKnown) await learnPast(session);
    if (session.isChild || session.isPrimed) return undefined;
    const stores = await background.stores();
    return recall.opening(stores, words, session, deadline - performance.now());
  }

  /** Adds new facts to a later message; a late answer is dropped. */
  async function addNews(
    session: TrackedSession,
    words: string,
    prompt: HostPrompt,
    output: PromptOutput,
  ): Promise<void> {
    if (performance.now() < restsUntil) return;
    const known = { ...session, recalled: repeatableSentences(session) };
    const news = async () => recall.news(await background.stores(), words, known, timeoutMs);
    const newsText = await withTimeout(timeoutMs, news(), late).catch(late);
    if (newsText === LATE) {
      restsUntil = performance.now() + RESTS_FOR;
      return onLate();
    }
    onAnswered();
    if (newsText) add(newsText, session, prompt, output);
  }

  function add(text: string, session: TrackedSession, prompt: HostPrompt, output: PromptOutput): void {
    recordRecalledText(session, text);
    output.parts.push(syntheticPart(text, prompt, output));
  }

  /** For a session of an earlier process: whether it is a sub-agent's, and the text that was already recalled. */
  async function learnPast(session: TrackedSession): Promise<void> {
    const request = { path: { id: session.id } };
    const [info, messages] = await Promise.all([
      orNothing(timeoutMs / 2, async () => client?.session?.get(request)),
      orNothing(timeoutMs / 2, async () => client?.session?.messages(request)),
    ]);
    session.isChild ||= info?.data?.parentID !== undefined;
    session.isKnown = info?.data !== undefined;
    for (const { type, text = '' } of (messages?.data ?? []).flatMap(({ parts }): readonly MessagePart[] => parts)) {
      if (withoutRecallMarks(text) === text) {
        if (type === 'text') recordUserText(session, text);
        continue;
      }
      recordRecalledText(session, text);
      session.isPrimed = true;
    }
  }

  return async (session: TrackedSession, prompt: HostPrompt, output: PromptOutput): Promise<void> => {
    if (session.isChild) return;
    const words = output.parts
      .filter(({ type, synthetic }) => type === 'text' && !synthetic)
      .map(({ text = '' }) => text)
      .join('\n');
    if (!session.isPrimed) {
      const limit = isFirst && recall.latestBriefings() === undefined ? firstTimeoutMs : timeoutMs;
      isFirst = false;
      const recalled = await withTimeout(limit, toAdd(session, words, limit), late).catch(late);
      if (recalled === LATE) onLate();
      else if (!session.isChild) onAnswered();
      // The briefing at hand was already used at the first attempt.
      const added =
        (recalled === LATE ? undefined : recalled) ?? (session.hasMissed ? undefined : recall.latestBriefings());
      if (!session.isPrimed && added && !session.isChild) {
        session.lastRecall = added;
        add(added, session, prompt, output);
        recall.recordDelivery(session.id, added);
      }
      // Also if there was nothing to recall, so that the memory is asked only once.
      session.isPrimed ||= recalled !== LATE || session.hasMissed;
      session.hasMissed = !session.isPrimed;
    } else await addNews(session, words, prompt, output);
    if (ASKED_TO_REMEMBER.test(words) && !session.isChild) output.parts.push(syntheticPart(NUDGE, prompt, output));
  };
}

/** Undefined if the work fails or takes longer. */
function orNothing<T>(limit: number, work: () => Promise<T>): Promise<T | undefined> {
  return withTimeout(limit, work(), () => undefined).catch(() => undefined);
}

let [last, count] = [0, 0];

/** A part that the host stores with the user's message and shows only to the model. */
export function syntheticPart(text: string, prompt: HostPrompt, output: PromptOutput): MessagePart {
  return {
    id: partId(),
    sessionID: prompt.sessionID,
    messageID: output.message.id,
    type: 'text',
    text,
    synthetic: true,
  };
}

/**
 * An id in the host's format, which also orders a message's parts: `prt_`, the time in twelve hexadecimal digits, and random
 * letters.
 */
function partId(now = Date.now()): string {
  count = now === last ? count + 1 : 1;
  last = now;
  const time = ((BigInt(now) * 0x1000n + BigInt(count)) & 0xffff_ffff_ffffn).toString(16).padStart(12, '0');
  const chance = Array.from({ length: 14 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
  return `prt_${time}${chance}`;
}
