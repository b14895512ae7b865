import { existsSync } from 'node:fs';
import type { Episode } from '../../episode.ts';
import { InvalidInputError } from '../../errors.ts';
import { episodeOfSummary, episodeOfTurn } from '../capture/store-turn.ts';
import { unjoinedFolder } from '../joined-folders.ts';
import { scopeOf } from '../scope.ts';
import { claudeCodeHistory } from './claude-code.ts';
import { codexHistory } from './codex.ts';
import {
  itemTime,
  type PastAgent,
  type PastItem,
  type RecordedSession,
  type SessionContent,
  type SessionHistory,
  type SessionHistoryOptions,
} from './history.ts';
import { opencodeHistory } from './opencode.ts';

const HISTORIES: Readonly<Record<PastAgent, (options: SessionHistoryOptions) => SessionHistory>> = {
  'claude-code': claudeCodeHistory,
  codex: codexHistory,
  opencode: opencodeHistory,
};

export interface PastSessionOptions {
  readonly agent: PastAgent;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** One memory for all turns; default: the memory of each turn's project. */
  readonly group?: string | undefined;
  /** Only turns of the project of this folder, with its worktrees and clones. */
  readonly project?: string | undefined;
  /** Only turns from this time on. */
  readonly since?: Date | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A count of everything that an import of an agent's past sessions would add. */
export interface PastSessionCounts {
  readonly agent: PastAgent;
  /** Where the agent keeps its sessions. */
  readonly places: readonly string[];
  /** Sessions with at least one turn or summary to import. */
  readonly sessions: number;
  readonly turns: number;
  readonly summaries: number;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly memories: readonly MemoryShare[];
  /** The number of removed secrets, private spans and other parts. */
  readonly hidden: number;
  /** Of all texts, to estimate the cost of reading them. */
  readonly characters: number;
  readonly subAgents: number;
  /** Turns that agents are still working on. */
  readonly running: number;
  /** Copies of turns in resumed or forked sessions. */
  readonly copies: number;
  /** Turns and summaries of folders that have not joined their memory; see joined-folders.ts. */
  readonly unjoined: number;
  /** How many lines, messages and files cannot be read, and the first twenty of them. */
  readonly damaged: number;
  readonly damagedPlaces: readonly string[];
  readonly notices: readonly string[];
}

export interface MemoryShare {
  readonly group: string;
  readonly episodes: number;
  /** The folder of most of its turns. */
  readonly directory: string;
  /** False if that folder no longer exists, so that the memory may be another one than before. */
  readonly exists: boolean;
}

const MOST_PLACES = 20;

/** Reads all sessions and yields their episodes; the counts are complete at the end. */
export interface PastEpisodes {
  /** @param onProgress called with the share that is read, from 0 to 1 */
  episodes(onProgress?: (share: number) => void): Generator<Episode>;
  counts(): PastSessionCounts;
  close(): void;
}

export interface ReadPastSessionOptions extends PastSessionOptions {
  /** MEMORY_HOME, which notes the folders that have joined a memory. */
  readonly home: string;
  /** False for a preview, after which no folder has joined. */
  readonly isNoted: boolean;
}

/** @throws InvalidInputError for a group that cannot be one */
export function readPastSessions(options: ReadPastSessionOptions): PastEpisodes {
  const history = HISTORIES[options.agent](options);
  const counts = newCounts();
  const memoryOf = openMemories(options);
  // Variables that name a memory do not identify the project.
  const projectOf = openScopes(undefined, {});
  const only = options.project === undefined ? undefined : projectOf({ directory: options.project }).group;
  const seen = new Set<string>();

  function* episodes(onProgress: (share: number) => void = () => {}): Generator<Episode> {
    const recent = history.sessions.filter(({ endedAt }) => !options.since || endedAt >= options.since.getTime());
    for (const [index, session] of recent.entries()) {
      const content = read(session);
      const { items, damaged, isSubAgent, running } = content;
      for (const place of damaged) noteDamage(counts, place);
      if (isSubAgent) counts.subAgents += 1;
      const before = counts.turns + counts.summaries;
      let isOfProject = false;
      for (const item of items) {
        if (seen.has(item.copyKey)) {
          counts.copies += 1;
          continue;
        }
        seen.add(item.copyKey);
        if (options.since && itemTime(item) < options.since) continue;
        if (only !== undefined && projectOf(item).group !== only) continue;
        isOfProject = true;
        const { group, notice } = memoryOf(item);
        if (notice !== undefined) {
          noteUnjoined(counts, notice);
          continue;
        }
        const episode = episodeOf(group, item, session.place, counts);
        if (!episode) continue;
        recordEpisode(counts, episode, item);
        yield episode;
      }
      if (only === undefined || isOfProject) counts.running += running;
      if (counts.turns + counts.summaries > before) counts.sessions += 1;
      onProgress((index + 1) / recent.length);
    }
  }

  return {
    episodes,
    counts: () => totalsOf(options.agent, history, counts),
    close: () => history.close(),
  };
}

/** A session that cannot be read at all must not stop the others. */
function read(session: RecordedSession): SessionContent {
  try {
    return session.read();
  } catch {
    return { isSubAgent: false, items: [], damaged: [session.place], running: 0 };
  }
}

type Located = Pick<PastItem, 'directory' | 'rootCommit' | 'origin'>;

/** Finds the memory of a folder by its git files, once for each folder. */
function openScopes(group: string | undefined, { GIT_DIR: _, ...environment }: PastSessionOptions['environment']) {
  return oncePerFolder(({ directory, rootCommit, origin }) =>
    scopeOf({ directory, group, rootCommit, origin, environment }),
  );
}

interface MemoryOfFolder {
  readonly group: string;
  /** The command for a folder that has not joined the memory. */
  readonly notice?: string;
}

function openMemories({ group, environment: { GIT_DIR: _, ...environment }, home, isNoted }: ReadPastSessionOptions) {
  const scopeOfItem = openScopes(group, environment);
  const firsts = new Map<string, string>();
  return oncePerFolder((item): MemoryOfFolder => {
    const { directory } = item;
    const scope = scopeOfItem(item);
    const unjoined = unjoinedFolder({ home, scope, directory, environment, firsts }, isNoted);
    if (!unjoined) return { group: scope.group };
    const notice = `${directory} has not joined the memory "${scope.group}", which ${unjoined.others[0]} uses: its turns are left out. If it is your project, type \`memory-manager join\` in it and import again.`;
    return { group: scope.group, notice };
  });
}

function oncePerFolder<T>(find: (item: Located) => T): (item: Located) => T {
  const known = new Map<string, T>();
  return ({ directory, rootCommit, origin }) => {
    const key = JSON.stringify([directory, rootCommit, origin]);
    const found = known.get(key) ?? find({ directory, rootCommit, origin });
    known.set(key, found);
    return found;
  };
}

/** Undefined if nothing of the item may be stored, or if the memory rejects it, which is counted. */
function episodeOf(group: string, item: PastItem, place: string, counts: Counts): Episode | undefined {
  try {
    return item.kind === 'turn' ? episodeOfTurn(group, item.turn) : episodeOfSummary(group, item.summary);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    noteDamage(counts, place);
    return undefined;
  }
}

interface Counts {
  sessions: number;
  turns: number;
  summaries: number;
  from: Date | null;
  to: Date | null;
  hidden: number;
  characters: number;
  subAgents: number;
  running: number;
  copies: number;
  unjoined: number;
  readonly unjoinedNotices: Set<string>;
  damaged: number;
  readonly damagedPlaces: string[];
  readonly directories: Map<string, Map<string, number>>;
}

const newCounts = (): Counts => ({
  ...{ sessions: 0, turns: 0, summaries: 0, from: null, to: null, hidden: 0, characters: 0, subAgents: 0 },
  ...{
    running: 0,
    copies: 0,
    unjoined: 0,
    unjoinedNotices: new Set(),
    damaged: 0,
    damagedPlaces: [],
    directories: new Map(),
  },
});

function noteDamage(counts: Counts, place: string): void {
  counts.damaged += 1;
  if (counts.damagedPlaces.length < MOST_PLACES) counts.damagedPlaces.push(place);
}

function noteUnjoined(counts: Counts, notice: string): void {
  counts.unjoined += 1;
  if (counts.unjoinedNotices.size < MOST_PLACES) counts.unjoinedNotices.add(notice);
}

const HIDDEN = /\[redacted:[\w -]{1,60}\]|\[private\]/g;

function recordEpisode(counts: Counts, { group, content, metadata, referenceTime }: Episode, item: PastItem): void {
  if (item.kind === 'turn') counts.turns += 1;
  else counts.summaries += 1;
  if (!counts.from || referenceTime < counts.from) counts.from = referenceTime;
  if (!counts.to || referenceTime > counts.to) counts.to = referenceTime;
  counts.characters += content.length;
  counts.hidden += [content, JSON.stringify(metadata)].join('\n').match(HIDDEN)?.length ?? 0;
  const directories = counts.directories.get(group) ?? new Map<string, number>();
  directories.set(item.directory, (directories.get(item.directory) ?? 0) + 1);
  counts.directories.set(group, directories);
}

function totalsOf(
  agent: PastAgent,
  { places, notices }: SessionHistory,
  { directories, unjoinedNotices, ...counts }: Counts,
): PastSessionCounts {
  const memories = [...directories].map(([group, folders]): MemoryShare => {
    const [[directory] = ['']] = [...folders].sort((a, b) => b[1] - a[1]);
    const episodes = [...folders.values()].reduce((sum, count) => sum + count, 0);
    return { group, episodes, directory, exists: existsSync(directory) };
  });
  memories.sort((a, b) => b.episodes - a.episodes);
  return { agent, places, ...counts, memories, notices: [...notices, ...unjoinedNotices] };
}
