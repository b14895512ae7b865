import { recalledSentences } from '../../redaction/recall-marks.ts';
import type { SessionInfo } from './host.ts';
import type { OpenTurn } from './open-turn.ts';

/** A compaction's summary that is being written. */
export interface OpenSummary {
  readonly startedAt: number;
  readonly texts: Map<string, string>;
}

/** The state of one of the host's sessions. */
export interface TrackedSession {
  readonly id: string;
  /** True for a sub-agent's session: its result is stored as a tool's output, and the rest is noise. */
  isChild: boolean;
  /** False if the session is older than this process, so that its past must be requested from the host. */
  isKnown: boolean;
  /** True while the recalled text is in the model's context. */
  isPrimed: boolean;
  /** True if the recall was too late for one message; it is then tried again for the next. */
  hasMissed: boolean;
  /** By the user's message. */
  readonly turns: Map<string, OpenTurn>;
  /** The turn of each message of the agent; null for messages that do not count. */
  readonly owners: Map<string, string | null>;
  /** By the message that contains them. */
  readonly summaries: Map<string, OpenSummary>;
  /** The user's texts, whose secrets a summary may repeat. */
  readonly userTexts: Set<string>;
  readonly recalled: Set<string>;
  /** Sentences of the memory's answers to the agent's own calls in earlier turns. */
  readonly answers: Set<string>;
  /** uuids of the session's own turns that this process stored. */
  readonly episodes: Set<string>;
  /** The last recalled text, for a compaction. */
  lastRecall: string | undefined;
}

const MOST_SESSIONS = 500;
const MOST_SENTENCES = 900;
const MOST_ANSWERS = 450;
const MOST_OWNERS = 2000;
const MOST_EPISODES = 300;
const [MOST_USER_TEXTS, LONGEST_SAID] = [200, 16_000];

export interface TrackedSessions {
  of(id: string): TrackedSession;
  created(info: SessionInfo): void;
  deleted(id: string): void;
  all(): TrackedSession[];
}

export function openTrackedSessions(): TrackedSessions {
  const sessions = new Map<string, TrackedSession>();

  function add(id: string): TrackedSession {
    const session: TrackedSession = {
      id,
      isChild: false,
      isKnown: false,
      isPrimed: false,
      hasMissed: false,
      turns: new Map(),
      owners: new Map(),
      summaries: new Map(),
      userTexts: new Set(),
      recalled: new Set(),
      answers: new Set(),
      episodes: new Set(),
      lastRecall: undefined,
    };
    sessions.set(id, session);
    forgetOldest(sessions, MOST_SESSIONS);
    return session;
  }

  return {
    of: (id) => sessions.get(id) ?? add(id),
    created({ id, parentID }) {
      const session = sessions.get(id) ?? add(id);
      session.isKnown = true;
      session.isChild = parentID !== undefined;
    },
    deleted: (id) => void sessions.delete(id),
    all: () => [...sessions.values()],
  };
}

/** Records recalled text, which the agent may repeat from now on. */
export function recordRecalledText(session: TrackedSession, text: string): void {
  for (const sentence of recalledSentences(text)) session.recalled.add(sentence);
  forgetOldest(session.recalled, MOST_SENTENCES);
}

/** Ends a turn's answers of the memory. They have a limit of their own: one answer can have thousands of sentences, the best first. */
export function recordAnswers(session: TrackedSession, turn: OpenTurn): void {
  for (const sentence of answersIn(turn).slice(0, MOST_ANSWERS)) session.answers.add(sentence);
  forgetOldest(session.answers, MOST_ANSWERS);
}

/** All sentences that the agent may repeat. */
export const repeatableSentences = ({ recalled, answers, turns }: TrackedSession): Set<string> =>
  new Set([...recalled, ...answers, ...[...turns.values()].flatMap(answersIn)]);

const answersIn = ({ memoryAnswers }: OpenTurn): string[] => [...memoryAnswers.values()].flatMap(recalledSentences);

/** Records an episode of the session itself. */
export function recordEpisode(session: TrackedSession, uuid: string): void {
  session.episodes.add(uuid);
  forgetOldest(session.episodes, MOST_EPISODES);
}

export function recordUserText(session: TrackedSession, text: string): void {
  session.userTexts.add(text.slice(0, LONGEST_SAID));
  forgetOldest(session.userTexts, MOST_USER_TEXTS);
}

export function recordOwner(session: TrackedSession, answer: string, turn: string | null): void {
  session.owners.set(answer, turn);
  forgetOldest(session.owners, MOST_OWNERS);
}

function forgetOldest(things: Map<string, unknown> | Set<string>, most: number): void {
  for (const oldest of things.keys()) {
    if (things.size <= most) return;
    things.delete(oldest);
  }
}
