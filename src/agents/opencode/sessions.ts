import { recalledSentences } from '../../redaction/recalled.ts';
import type { SessionInfo } from './host.ts';
import type { OpenTurn } from './open-turn.ts';

/** What a compaction is writing. */
export interface OpenSummary {
  readonly startedAt: number;
  readonly texts: Map<string, string>;
}

/** What is known of one of the host's sessions. */
export interface Session {
  readonly id: string;
  /** A sub-agent's: its result comes back as a tool's output, and the rest is noise. */
  isChild: boolean;
  /** False when it began before this process did, so that its past has to be asked for. */
  isKnown: boolean;
  /** True while what was recalled stands in the model's context. */
  isPrimed: boolean;
  /** True when what was to be recalled came too late for one message: the next has a chance too. */
  hasMissed: boolean;
  /** By the user's message. */
  readonly turns: Map<string, OpenTurn>;
  /** To which turn an agent's message belongs; null for one that does not count. */
  readonly owners: Map<string, string | null>;
  /** By the message that they are written in. */
  readonly summaries: Map<string, OpenSummary>;
  /** What the user said, of which a summary may repeat secrets. */
  readonly userTexts: Set<string>;
  readonly recalled: Set<string>;
  /** uuids of its own turns, as far as this process kept them. */
  readonly episodes: Set<string>;
  /** The last recalled text, for a compaction. */
  lastRecall: string | undefined;
}

const MOST_SESSIONS = 500;
const MOST_SENTENCES = 300;
const MOST_OWNERS = 2000;
const MOST_EPISODES = 300;
const [MOST_USER_TEXTS, LONGEST_SAID] = [200, 16_000];

export interface Sessions {
  of(id: string): Session;
  created(info: SessionInfo): void;
  deleted(id: string): void;
  all(): Session[];
}

export function openSessions(): Sessions {
  const sessions = new Map<string, Session>();

  function add(id: string): Session {
    const session: Session = {
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

/** What the agent may repeat from now on. */
export function noteRecalled(session: Session, text: string): void {
  for (const sentence of recalledSentences(text)) session.recalled.add(sentence);
  forgetOldest(session.recalled, MOST_SENTENCES);
}

/** An episode of the session's own, which the agent has before it. */
export function noteEpisode(session: Session, uuid: string): void {
  session.episodes.add(uuid);
  forgetOldest(session.episodes, MOST_EPISODES);
}

export function noteUserText(session: Session, text: string): void {
  session.userTexts.add(text.slice(0, LONGEST_SAID));
  forgetOldest(session.userTexts, MOST_USER_TEXTS);
}

export function noteOwner(session: Session, answer: string, turn: string | null): void {
  session.owners.set(answer, turn);
  forgetOldest(session.owners, MOST_OWNERS);
}

function forgetOldest(things: Map<string, unknown> | Set<string>, most: number): void {
  for (const oldest of things.keys()) {
    if (things.size <= most) return;
    things.delete(oldest);
  }
}
