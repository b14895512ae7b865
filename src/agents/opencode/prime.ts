import { withoutRecallMarks } from '../../redaction/recalled.ts';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { Background } from './background.ts';
import type { HostClient, Part, Prompt, PromptOutput } from './host.ts';
import { syntheticPart } from './part.ts';
import type { Recall } from './recall.ts';
import { noteRecalled, noteUserText, type Session } from './sessions.ts';

/** How long a user's message may wait for what is recalled; with what the host adds it is there within 150 ms or not at all. */
export const RECALL_TIMEOUT_MS = 130;
/** After one that was late: a frozen server would hold up each message. */
const RESTS_FOR = 30 * SECOND;
const LATE = Symbol('late');
const late = (): typeof LATE => LATE;
const ASKED_TO_REMEMBER =
  /\b(?:remember (?:that|this|to|my|I)|don'?t forget|from now on|merk(?:e)? dir|in future,? (?:always|never))\b/i;
const NUDGE =
  'The user asks for something to be remembered. The memory keeps this conversation; for a preference that holds in every project call memory_add with scope "user".';

/**
 * Adds the briefing and what is recalled to the first message of a session and to the first after a compaction, and to later messages what
 * is known of them and was not said yet. Each stays where it is, so that the prompt's cache stays valid. A briefing that comes too late for
 * its message has a second chance at the next.
 * @param onLate told of each message for which the memory was too late
 */
export function openPriming(
  client: HostClient | undefined,
  background: Background,
  recall: Recall,
  timeoutMs = RECALL_TIMEOUT_MS,
  onLate: () => void = () => {},
) {
  let restsUntil = 0;

  /** What may be added; the caller adds it, so that what comes late adds nothing. */
  async function toAdd(session: Session, words: string): Promise<string | undefined> {
    if (!session.isKnown) await learnPast(session);
    if (session.isChild || session.isPrimed) return undefined;
    return recall.opening(await background.stores(), words, session);
  }

  /** What is known of a later message; one that comes too late is left out. */
  async function addNews(session: Session, words: string, prompt: Prompt, output: PromptOutput): Promise<void> {
    if (performance.now() < restsUntil) return;
    const news = async () => recall.news(await background.stores(), words, session);
    const found = await withTimeout(timeoutMs, news(), late).catch(late);
    if (found === LATE) {
      restsUntil = performance.now() + RESTS_FOR;
      return onLate();
    }
    if (found) add(found, session, prompt, output);
  }

  function add(text: string, session: Session, prompt: Prompt, output: PromptOutput): void {
    noteRecalled(session, text);
    output.parts.push(syntheticPart(text, prompt, output));
  }

  /** Of a session that an earlier process began: whose it is, and whether it was told already. */
  async function learnPast(session: Session): Promise<void> {
    const request = { path: { id: session.id } };
    const [info, messages] = await Promise.all([
      orNothing(timeoutMs / 2, async () => client?.session?.get(request)),
      orNothing(timeoutMs / 2, async () => client?.session?.messages(request)),
    ]);
    session.isChild ||= info?.data?.parentID !== undefined;
    session.isKnown = info?.data !== undefined;
    for (const { type, text = '' } of (messages?.data ?? []).flatMap(({ parts }): readonly Part[] => parts)) {
      if (withoutRecallMarks(text) === text) {
        if (type === 'text') noteUserText(session, text);
        continue;
      }
      noteRecalled(session, text);
      session.isPrimed = true;
    }
  }

  return async (session: Session, prompt: Prompt, output: PromptOutput): Promise<void> => {
    if (session.isChild) return;
    const words = output.parts
      .filter(({ type, synthetic }) => type === 'text' && !synthetic)
      .map(({ text = '' }) => text)
      .join('\n');
    if (!session.isPrimed) {
      const found = await withTimeout(timeoutMs, toAdd(session, words), late).catch(late);
      if (found === LATE) onLate();
      // What is at hand was said at the first chance.
      const added = (found === LATE ? undefined : found) ?? (session.hasMissed ? undefined : recall.atHand());
      if (!session.isPrimed && added && !session.isChild) {
        session.lastRecall = added;
        add(added, session, prompt, output);
      }
      // Also when nothing is known: it is asked for once.
      session.isPrimed ||= found !== LATE || session.hasMissed;
      session.hasMissed = !session.isPrimed;
    } else await addNews(session, words, prompt, output);
    if (ASKED_TO_REMEMBER.test(words) && !session.isChild) output.parts.push(syntheticPart(NUDGE, prompt, output));
  };
}

/** Undefined for what fails or takes longer. */
function orNothing<T>(limit: number, work: () => Promise<T>): Promise<T | undefined> {
  return withTimeout(limit, work(), () => undefined).catch(() => undefined);
}
