import { type Episode, type EpisodeOptions, newEpisode } from '../../episode.ts';
import { openSpool, type Spool } from '../../queue/spool/spool.ts';
import { carrier } from '../../telemetry/tracing.ts';
import { type SessionSummary, summaryEpisode, type Turn, type TurnEpisode, turnEpisode } from './turn.ts';

/** The uuid of the episode that waits on disk. */
export interface SpooledTurn {
  readonly uuid: string;
}

type TurnEpisodeOptions = Pick<EpisodeOptions, 'source' | 'sourceDescription' | 'kind' | 'replaces'>;

interface SpoolEpisodeOptions extends TurnEpisodeOptions {
  /** How many episodes may wait there; default 10,000. */
  readonly limit?: number;
}

const MOST_SPOOLED = 10_000;
const MOST_BYTES = 1_048_576;

// Counting a spool reads its folder, so each process counts only once, not once per turn.
const spools = new Map<string, Spool>();

/**
 * The episode of a turn, redacted. A turn has the same uuid in a group whether a hook, a plugin or an import stores it. Undefined when nothing
 * of the turn may be stored.
 * @throws InvalidInputError for a group or a session that cannot be one
 */
export function episodeOfTurn(group: string, turn: Turn): Episode | undefined {
  return redactedEpisode(group, turnEpisode(turn), { source: 'message', sourceDescription: turn.host });
}

/** The same for the summary of a session. */
export function episodeOfSummary(group: string, summary: SessionSummary): Episode | undefined {
  return redactedEpisode(group, summaryEpisode(summary), { source: 'text', sourceDescription: summary.host });
}

/**
 * Writes a turn into the spool before it returns, readable by this user only. Undefined when nothing of the turn may be stored.
 * @param home  MEMORY_HOME
 * @param limit how many episodes may wait there
 * @param heldAt the place at which the turn waits for the user's consent; default: nowhere
 * @throws SpoolFullError, ConfigError; InvalidInputError for a group or a session that cannot be one
 */
export function spoolTurn(
  home: string,
  group: string,
  turn: Turn,
  limit = MOST_SPOOLED,
  heldAt?: string,
): SpooledTurn | undefined {
  return spool(home, episodeOfTurn(group, turn), limit, heldAt);
}

/** The same for the summary of a session. */
export function spoolSummary(
  home: string,
  group: string,
  summary: SessionSummary,
  limit = MOST_SPOOLED,
  heldAt?: string,
): SpooledTurn | undefined {
  return spool(home, episodeOfSummary(group, summary), limit, heldAt);
}

/** Writes an episode that is redacted already into the spool. @throws SpoolFullError, ConfigError */
export function spoolRedacted(home: string, episode: Episode, limit = MOST_SPOOLED, heldAt?: string): SpooledTurn {
  const spooled = [{ episode, hasCallerId: true, carrier: carrier() }];
  if (heldAt === undefined) spoolOf(home, limit).keep(spooled);
  else spoolOf(home, limit).hold(heldAt, spooled);
  return { uuid: episode.uuid };
}

/** The same for a text that is redacted already. */
export function spoolEpisode(
  home: string,
  group: string,
  episode: TurnEpisode,
  { limit = MOST_SPOOLED, ...options }: SpoolEpisodeOptions,
): SpooledTurn {
  return spoolRedacted(home, episodeOf(group, episode, options), limit);
}

const redactedEpisode = (group: string, episode: TurnEpisode, options: TurnEpisodeOptions): Episode | undefined =>
  episode.content === '' ? undefined : episodeOf(group, episode, options);

function episodeOf(
  group: string,
  { content, metadata, key, saga, referenceTime }: TurnEpisode,
  options: TurnEpisodeOptions,
): Episode {
  const identity = { idempotencyKey: key, referenceTime, saga };
  return newEpisode(content, metadata, group, MOST_BYTES, { ...identity, ...options });
}

const spool = (home: string, episode: Episode | undefined, limit: number, heldAt?: string): SpooledTurn | undefined =>
  episode && spoolRedacted(home, episode, limit, heldAt);

function spoolOf(home: string, limit: number): Spool {
  const name = `${limit} ${home}`;
  const spool = spools.get(name) ?? openSpool(home, limit);
  spools.set(name, spool);
  return spool;
}
