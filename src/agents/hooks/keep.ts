import { keyUuid } from '../../derived-uuid.ts';
import { InvalidInputError } from '../../errors.ts';
import { withoutRecalled } from '../../redaction/recalled.ts';
import { type Kept, keepSummary, keepTurn } from '../store-turn.ts';
import type { HookEvent, Told } from './event.ts';
import { hashOf, newSession, type Session, type SessionFile } from './session.ts';
import { lengthOf, type PlacedEntry, readTranscript } from './transcript.ts';
import { type Stretch, stretches, turnOf } from './turns.ts';

export interface KeepOptions {
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
const LOOKS_BACK = 8 * 1024 * 1024;

/** A session's events after which its last turn gets no more. */
const isOver = (event: HookEvent, { source }: Told): boolean =>
  event === 'Stop' || event === 'SessionEnd' || (event === 'SessionStart' && source !== 'compact');

/**
 * Writes the turns that were finished since the last call into the spool and notes how far it came.
 * @returns how many
 * @throws SpoolFullError, ConfigError; what is left then is kept next time
 */
export function keepTurns(file: SessionFile, event: HookEvent, told: Told, options: KeepOptions): number {
  const { session, transcript } = told;
  if (transcript === undefined) return 0;
  const known = file.read();
  if (!known && event === 'SessionStart') {
    // What stands there already belongs to another session or to a time when nobody asked for it to be kept.
    file.write(newSession(lengthOf(transcript)));
    return 0;
  }
  let state = known ?? newSession(0);
  const { entries, end, unreadable } = readTranscript(transcript, state.offset);
  if (unreadable > 0) options.onNotice(`${unreadable} lines of the transcript are no JSON and were passed over`);
  const summaries = keepSummaries(entries, state, told, options);
  if (summaries.length > 0) {
    state = { ...state, summaries: [...state.summaries, ...summaries].slice(-MOST_SUMMARIES) };
    file.write(state);
  }
  const found = stretches(entries, `${state.message || session}.${state.parts + 1}`);
  const open = isOver(event, told) ? undefined : found.at(-1);
  let [kept, offset] = [summaries.length, state.offset];
  try {
    for (const stretch of found.filter((one) => one !== open)) {
      offset = stretch.at;
      const isDone = event === 'Stop' && stretch === found.at(-1);
      const turn = turnOf(stretch, {
        host: options.host,
        session,
        directory: told.directory ?? '',
        recalled: state.recalled.length > 0,
        isKept: (text) => hashOf(text) === known?.said,
        lastWords: isDone ? told.lastWords : undefined,
        isDone,
      });
      const { recalled } = state;
      const { home, group, limit } = options;
      const episode =
        turn &&
        uuidOfKept(options, () =>
          keepTurn(home, group, { ...turn, assistant: withoutRecalled(turn.assistant, recalled) }, limit),
        );
      if (episode !== undefined) kept += 1;
      state = {
        ...after(state, stretch, turn !== undefined),
        episodes: [...state.episodes, ...(episode === undefined ? [] : [episode])].slice(-MOST_EPISODES),
        said: isDone && told.lastWords ? hashOf(told.lastWords) : null,
      };
      offset = found[found.indexOf(stretch) + 1]?.at ?? end;
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

function after(state: Session, { message, entries }: Stretch, isTurn: boolean): Session {
  if (entries[0]?.kind === 'prompt') return { ...state, message, parts: 1 };
  return isTurn ? { ...state, parts: state.parts + 1 } : state;
}

/** Those of a turn that goes on are kept at once too, and not again with it. */
function keepSummaries(
  entries: readonly PlacedEntry[],
  { recalled, summaries }: Session,
  { session, transcript = '' }: Told,
  options: KeepOptions,
): string[] {
  const { home, host, group, limit } = options;
  const fresh = entries.flatMap(({ entry }) =>
    entry.kind === 'summary' && !summaries.includes(keyUuid(group, `${session}/${entry.message}`)) ? [entry] : [],
  );
  if (fresh.length === 0) return [];
  const before = readTranscript(transcript, Math.max(0, lengthOf(transcript) - LOOKS_BACK)).entries;
  const said = before.flatMap(({ entry }) => (entry.kind === 'prompt' ? [entry.text] : []));
  return fresh.flatMap(({ message, text, time }) => {
    const words = withoutRecalled(text, recalled);
    const summary = { host, session, message, text: words, referenceTime: time, said };
    return uuidOfKept(options, () => keepSummary(home, group, summary, limit)) ?? [];
  });
}

function uuidOfKept({ onNotice }: KeepOptions, keep: () => Kept | undefined): string | undefined {
  try {
    return keep()?.uuid;
  } catch (error) {
    // It would be refused next time too, and must not keep the others back.
    if (!(error instanceof InvalidInputError)) throw error;
    onNotice('a turn cannot be an episode and was passed over');
    return undefined;
  }
}
