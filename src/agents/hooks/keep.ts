import { keyUuid } from '../../derived-uuid.ts';
import { InvalidInputError } from '../../errors.ts';
import { withoutRecalled } from '../../redaction/recalled.ts';
import { type Spooled, spoolSummary, spoolTurn } from '../store-turn.ts';
import type { HookEvent, HookInput } from './event.ts';
import { hashOf, newSession, type Session, type SessionFile } from './session.ts';
import { lengthOf, type PlacedEntry, readTranscript } from './transcript.ts';
import { type Stretch, stretches, turnOf } from './turns.ts';

export interface SpoolTurnsOptions {
  readonly home: string;
  readonly host: string;
  readonly group: string;
  /** How many episodes the spool may hold. */
  readonly limit?: number | undefined;
  /** Told in a sentence, without any content, what could not be kept. */
  readonly onNotice: (sentence: string) => void;
}

const MOST_EPISODES = 200;
const MOST_SUMMARIES = 10;
/** So much of a transcript before its end is looked through for secrets of the user that a summary may repeat. */
const SECRETS_WINDOW = 8 * 1024 * 1024;

/** A session's events after which its last turn gets no more. */
const isOver = (event: HookEvent, { source }: HookInput): boolean =>
  event === 'Stop' || event === 'SessionEnd' || (event === 'SessionStart' && source !== 'compact');

/**
 * Writes the turns that were finished since the last call into the spool and notes how far it came.
 * @returns how many
 * @throws SpoolFullError, ConfigError; what is left then is kept next time
 */
export function spoolTurns(file: SessionFile, event: HookEvent, input: HookInput, options: SpoolTurnsOptions): number {
  const { session, transcript } = input;
  if (transcript === undefined) return 0;
  const stored = file.read();
  if (!stored && event === 'SessionStart') {
    // What stands there already belongs to another session or to a time when nobody asked for it to be kept.
    file.write(newSession(lengthOf(transcript)));
    return 0;
  }
  let state = stored ?? newSession(0);
  const { entries, end, unreadable } = readTranscript(transcript, state.offset);
  if (unreadable > 0) options.onNotice(`${unreadable} lines of the transcript are no JSON and were passed over`);
  const summaries = spoolSummaries(entries, state, input, options);
  if (summaries.length > 0) {
    state = { ...state, summaries: [...state.summaries, ...summaries].slice(-MOST_SUMMARIES) };
    file.write(state);
  }
  const turns = stretches(entries, `${state.message || session}.${state.parts + 1}`);
  const open = isOver(event, input) ? undefined : turns.at(-1);
  let [kept, offset] = [summaries.length, state.offset];
  try {
    for (const stretch of turns.filter((stretch) => stretch !== open)) {
      offset = stretch.at;
      const isDone = event === 'Stop' && stretch === turns.at(-1);
      const turn = turnOf(stretch, {
        host: options.host,
        session,
        directory: input.directory ?? '',
        recalled: state.recalled.length > 0,
        isKept: (text) => hashOf(text) === stored?.said,
        lastWords: isDone ? input.lastWords : undefined,
        isDone,
      });
      const { recalled } = state;
      const { home, group, limit } = options;
      const episode =
        turn &&
        uuidOfSpooled(options, () =>
          spoolTurn(home, group, { ...turn, assistant: withoutRecalled(turn.assistant, recalled) }, limit),
        );
      if (episode !== undefined) kept += 1;
      state = {
        ...advanced(state, stretch, turn !== undefined),
        episodes: [...state.episodes, ...(episode === undefined ? [] : [episode])].slice(-MOST_EPISODES),
        said: isDone && input.lastWords ? hashOf(input.lastWords) : null,
      };
      offset = turns[turns.indexOf(stretch) + 1]?.at ?? end;
      // A hook that is killed at a later turn does not do this one again.
      file.write({ ...state, offset });
    }
    offset = open?.at ?? end;
    // A session that is over repeats nothing.
    if (event === 'SessionEnd') state = { ...state, recalled: [] };
  } finally {
    file.write({ ...state, offset });
  }
  return kept;
}

function advanced(state: Session, { message, entries }: Stretch, isTurn: boolean): Session {
  if (entries[0]?.kind === 'prompt') return { ...state, message, parts: 1 };
  return isTurn ? { ...state, parts: state.parts + 1 } : state;
}

/** Those of a turn that goes on are kept at once too, and not again with it. */
function spoolSummaries(
  entries: readonly PlacedEntry[],
  { recalled, summaries }: Session,
  { session, transcript = '' }: HookInput,
  options: SpoolTurnsOptions,
): string[] {
  const { home, host, group, limit } = options;
  const fresh = entries.flatMap(({ entry }) =>
    entry.kind === 'summary' && !summaries.includes(keyUuid(group, `${session}/${entry.message}`)) ? [entry] : [],
  );
  if (fresh.length === 0) return [];
  const earlier = readTranscript(transcript, Math.max(0, lengthOf(transcript) - SECRETS_WINDOW)).entries;
  const prompts = earlier.flatMap(({ entry }) => (entry.kind === 'prompt' ? [entry.text] : []));
  return fresh.flatMap(({ message, text, time }) => {
    const words = withoutRecalled(text, recalled);
    const summary = { host, session, message, text: words, referenceTime: time, userTexts: prompts };
    return uuidOfSpooled(options, () => spoolSummary(home, group, summary, limit)) ?? [];
  });
}

function uuidOfSpooled({ onNotice }: SpoolTurnsOptions, spool: () => Spooled | undefined): string | undefined {
  try {
    return spool()?.uuid;
  } catch (error) {
    // It would be refused next time too, and must not keep the others back.
    if (!(error instanceof InvalidInputError)) throw error;
    onNotice('a turn cannot be an episode and was passed over');
    return undefined;
  }
}
