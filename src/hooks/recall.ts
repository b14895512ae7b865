import { basename } from 'node:path';
import { RECALL_BEGIN, RECALL_END, recalledSentences } from '../capture/recalled.ts';
import { redact } from '../capture/redact.ts';
import type { Scope } from '../capture/scope.ts';
import { askByWords } from '../memory/ask-by-words.ts';
import type { Services } from '../memory/services.ts';
import { bulletList } from '../reader/format.ts';
import { oneLine, shortened } from '../text.ts';
import { within } from '../within.ts';
import type { HookEvent, Told } from './event.ts';
import { lengthOf, readTranscript } from './transcript.ts';

/** What an agent is told, and its sentences. */
export interface Recalled {
  readonly context: string;
  readonly sentences: readonly string[];
}

const [MOST_OF_PROJECT, MOST_OF_USER] = [10, 5];
const LONGEST_QUESTION = 400;
/** In so many bytes before the end of a transcript the user's last words are looked for. */
const TAIL = 512 * 1024;

/** What to ask: the user's last words, and in a new session the project's name. Redacted, since it goes over the wire. */
export function questionOf(event: HookEvent, told: Told): string {
  const words = event === 'UserPromptSubmit' ? told.prompt : lastPrompt(told.transcript);
  const asked = shortened(oneLine(redact(words ?? '')), LONGEST_QUESTION);
  return /\p{L}/u.test(asked)
    ? asked
    : basename(told.directory ?? '')
        .replace(/[^\p{L}\p{N}]+/gu, ' ')
        .trim();
}

/**
 * What the memories of the project and of the user know, or undefined. Never throws and never waits longer than `limit`
 * milliseconds: an agent that is told nothing is better than one that waits.
 * @param known sentences that it was told already
 */
export async function recall(
  services: Services,
  { group, userGroup }: Scope,
  question: string,
  known: ReadonlySet<string>,
  limit: number,
): Promise<Recalled | undefined> {
  if (question === '') return undefined;
  const ask = (from: string, most: number) =>
    within(
      limit,
      askByWords(services, from, question, most).then((found) => bulletList(found, most)),
      () => undefined,
    ).then(bullets, () => []);
  const lines = (await Promise.all([ask(group, MOST_OF_PROJECT), ask(userGroup, MOST_OF_USER)])).flat();
  const news = [...new Set(lines)].filter((line) => !recalledSentences(line).some((sentence) => known.has(sentence)));
  if (news.length === 0) return undefined;
  const intro = 'What earlier sessions left in the memory. It may be out of date: check what matters.';
  const context = [RECALL_BEGIN, intro, ...news, RECALL_END].join('\n');
  return { context, sentences: recalledSentences(news.join('\n')) };
}

/** What a host reads from standard output. */
export function toldHost(event: HookEvent, context: string): string {
  return JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: context } });
}

const bullets = (answer: string | undefined): string[] =>
  (answer ?? '').split(/\n(?=- )/).filter((line) => line.startsWith('- '));

function lastPrompt(transcript: string | undefined): string | undefined {
  const length = transcript === undefined ? 0 : lengthOf(transcript);
  // A new session has no transcript yet.
  if (transcript === undefined || length === 0) return undefined;
  const { entries } = readTranscript(transcript, Math.max(0, length - TAIL));
  const last = entries.findLast(({ entry }) => entry.kind === 'prompt' && !entry.isCommand)?.entry;
  return last?.kind === 'prompt' ? last.text : undefined;
}
