import type { SessionSummary, Turn } from '../capture/turn.ts';

/** The agents whose own records of past sessions can be read. */
export const PAST_AGENTS = ['claude-code', 'codex', 'opencode'] as const;
export type PastAgent = (typeof PAST_AGENTS)[number];

export const isPastAgent = (name: string | undefined): name is PastAgent => PAST_AGENTS.some((agent) => agent === name);

/** The sessions that an agent has recorded on this machine. */
export interface SessionHistory {
  /** The folder or files in which the agent keeps them. */
  readonly places: readonly string[];
  /** In the order in which they ended, so that a copied turn comes after its original. */
  readonly sessions: readonly RecordedSession[];
  /** Sentences about records that this version cannot read. */
  readonly notices: readonly string[];
  close(): void;
}

export interface RecordedSession {
  /** The file, or the session's name in a database, for messages. */
  readonly place: string;
  /** When something was last added, in milliseconds since 1970. */
  readonly endedAt: number;
  /** @throws the errors of `fs` and of the database */
  read(): SessionContent;
}

export interface SessionContent {
  /** True for a session of a sub-agent, which is left out: its result is in the session that started it. */
  readonly isSubAgent: boolean;
  readonly items: readonly PastItem[];
  /** Lines or files that cannot be read; the rest of the session is read. */
  readonly damaged: readonly string[];
  /** The number of turns left out because the agent is still working on them. */
  readonly running: number;
}

/** A turn or a compaction's summary, with the origin that identifies its project. */
export type PastItem = PastTurn | PastSummary;
export interface PastTurn extends ItemOrigin {
  readonly kind: 'turn';
  readonly turn: Turn;
}
export interface PastSummary extends ItemOrigin {
  readonly kind: 'summary';
  readonly summary: SessionSummary;
}

interface ItemOrigin {
  /** The folder in which the agent worked. */
  readonly directory: string;
  /** The repository's first commit and the address of its remote `origin`, as far as the agent noted them. */
  readonly rootCommit?: string | undefined;
  readonly origin?: string | undefined;
  /** The same for copies of a turn in other sessions: agents copy turns when a session is resumed or forked. */
  readonly copyKey: string;
}

/** When the turn began, or the summary was written. */
export const itemTime = (item: PastItem): Date =>
  item.kind === 'turn' ? item.turn.referenceTime : item.summary.referenceTime;

export interface SessionHistoryOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** MEMORY_HOME, where hooks note on which turns agents work. */
  readonly home: string;
}
