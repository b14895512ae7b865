import { idempotencyUuid } from '../../derived-uuid.ts';
import { InvalidInputError } from '../../errors.ts';
import { recalledSentences, withoutRecalledSentences } from '../../redaction/recall-marks.ts';
import { type SpooledTurn, spoolSummary, spoolTurn } from '../capture/store-turn.ts';
import type { HookEvent, HookInput } from './event.ts';
import {
  type HookSession,
  hashOf,
  newSession,
  repeatableSentences,
  type SessionFile,
  withMemoryAnswers,
} from './session.ts';
import { fileSize, type TranscriptFormat, type TranscriptSummary, type TranscriptTurn } from './transcript.ts';
import { transcriptFormat } from './transcript-formats.ts';

export interface SpoolTurnsOptions {
  readonly home: string;
  readonly host: string;
  readonly group: string;
  /** The capacity of the spool in episodes. */
  readonly limit?: number | undefined;
  /** The place at which turns wait until their folder has joined the memory; see `joined-folders.ts`. */
  readonly heldAt?: string | undefined;
  /** Receives a sentence, without content, about turns that could not be stored. */
  readonly onNotice: (sentence: string) => void;
}

const MOST_EPISODES = 200;
const MOST_SUMMARIES = 10;
/** Bytes at the end of a transcript that are searched for the user's secrets, which a summary may repeat. */
const SECRETS_WINDOW = 8 * 1024 * 1024;

/** `resting` and `silent`: a later session looks at one whose agent may have been killed, or may only work for long. */
export type SpoolOccasion = HookEvent | 'resting' | 'silent';

export interface SpooledTurns {
  /** How many turns and summaries. */
  readonly spooled: number;
  /** True if the last turn is left, because more of it may come. */
  readonly isOpen: boolean;
}

/** True if the last turn of the session is complete at this moment. */
function isOver(moment: SpoolOccasion, { source }: HookInput, last: TranscriptTurn | undefined): boolean {
  if (moment === 'resting') return !last || last.end === 'written';
  if (moment === 'silent') return last?.end !== 'open';
  return moment === 'Stop' || moment === 'SessionEnd' || (moment === 'SessionStart' && source !== 'compact');
}

/**
 * Spools the turns that were finished since the last call and records the position in the transcript.
 * @throws SpoolFullError, ConfigError; the next call continues with the rest
 */
export function spoolTurns(
  file: SessionFile,
  moment: SpoolOccasion,
  input: HookInput,
  options: SpoolTurnsOptions,
): SpooledTurns {
  const { session, transcript } = input;
  if (transcript === undefined) return NOTHING;
  const format = transcriptFormat(options.host);
  const stored = file.read();
  if (!stored && moment === 'SessionStart') {
    // The existing lines belong to another session or to a time before the memory was installed.
    const start = format.start(transcript);
    if (start === 0) file.begin();
    file.write(newSession(start));
    return NOTHING;
  }
  let state = stored ?? newSession(0);
  const continued = `${state.message || session}.${state.parts + 1}`;
  const { turns, end, unreadable, ...content } = format.read(transcript, state.offset, continued);
  if (unreadable > 0) options.onNotice(`${unreadable} lines of the transcript are not JSON and were skipped`);
  const summaries = spoolSummaries(content.summaries, state, input, { ...options, format });
  if (summaries.length > 0) {
    state = { ...state, summaries: [...state.summaries, ...summaries].slice(-MOST_SUMMARIES) };
    file.write(state);
  }
  const last = turns.at(-1);
  const open = isOver(moment, input, last) && !last?.isBeginning ? undefined : last;
  let [spooled, offset] = [summaries.length, state.offset];
  try {
    for (const part of turns.filter((part) => part !== open)) {
      offset = part.at;
      const isDone = moment === 'Stop' && part === last;
      const turn = part.turn({
        host: options.host,
        session,
        directory: input.directory ?? '',
        recalled: repeatableSentences(state).length > 0,
        isKept: (text) => hashOf(text) === stored?.said,
        lastWords: isDone ? input.lastWords : undefined,
        isDone,
      });
      const answers = recalledSentences((turn?.memoryAnswers ?? []).join('\n'));
      const recalled = [...repeatableSentences(state), ...answers];
      state = withMemoryAnswers(state, answers);
      const { home, group, limit, heldAt } = options;
      const episode =
        turn &&
        uuidOfSpooled(options, () =>
          spoolTurn(
            home,
            group,
            { ...turn, assistant: withoutRecalledSentences(turn.assistant, recalled) },
            limit,
            heldAt,
          ),
        );
      if (episode !== undefined) spooled += 1;
      state = {
        ...advanced(state, part, turn !== undefined),
        episodes: [...state.episodes, ...(episode === undefined ? [] : [episode])].slice(-MOST_EPISODES),
        said: isDone && input.lastWords ? hashOf(input.lastWords) : null,
      };
      offset = turns[turns.indexOf(part) + 1]?.at ?? end;
      // If the hook is killed at a later turn, this one is not repeated.
      file.write({ ...state, offset });
    }
    offset = open?.at ?? end;
    // An ended session repeats no recalled text.
    if (moment === 'SessionEnd') state = { ...state, recalled: [], answers: [] };
  } finally {
    file.write({ ...state, offset });
  }
  return { spooled, isOpen: open !== undefined };
}

const NOTHING: SpooledTurns = { spooled: 0, isOpen: false };

function advanced(state: HookSession, { message, isNew }: TranscriptTurn, isTurn: boolean): HookSession {
  if (isNew) return { ...state, message, parts: 1 };
  return isTurn ? { ...state, parts: state.parts + 1 } : state;
}

/** Summaries in an unfinished turn are spooled at once, and not again with the turn. */
function spoolSummaries(
  all: readonly TranscriptSummary[],
  state: HookSession,
  { session, transcript = '' }: HookInput,
  options: SpoolTurnsOptions & { readonly format: TranscriptFormat },
): string[] {
  const { home, host, group, limit, heldAt, format } = options;
  const fresh = all.filter(({ message }) => !state.summaries.includes(idempotencyUuid(group, `${session}/${message}`)));
  if (fresh.length === 0) return [];
  const earlier = format.read(transcript, Math.max(0, fileSize(transcript) - SECRETS_WINDOW), '');
  const prompts = earlier.prompts.map(({ text }) => text);
  return fresh.flatMap(({ message, text, time }) => {
    const words = withoutRecalledSentences(text, repeatableSentences(state));
    const summary = { host, session, message, text: words, referenceTime: time, userTexts: prompts };
    return uuidOfSpooled(options, () => spoolSummary(home, group, summary, limit, heldAt)) ?? [];
  });
}

function uuidOfSpooled({ onNotice }: SpoolTurnsOptions, spool: () => SpooledTurn | undefined): string | undefined {
  try {
    return spool()?.uuid;
  } catch (error) {
    // It would be refused every time, and must not block the others.
    if (!(error instanceof InvalidInputError)) throw error;
    onNotice('a turn cannot be stored as an episode and was skipped');
    return undefined;
  }
}
