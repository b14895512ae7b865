import { type EpisodeOptions, newEpisode } from '../episode.ts';
import { openSpool, type Spool } from '../queue/spool/spool.ts';
import { carrier } from '../telemetry/carrier.ts';
import { type Summary, summaryEpisode, type Turn, type TurnEpisode, turnEpisode } from './turn.ts';

/** The uuid of the episode that waits on disk. */
export interface Spooled {
  readonly uuid: string;
}

interface SpoolEpisodeOptions extends Pick<EpisodeOptions, 'source' | 'sourceDescription' | 'kind' | 'replaces'> {
  /** How many episodes may wait there; default 10,000. */
  readonly limit?: number;
}

const MOST_SPOOLED = 10_000;
const MOST_BYTES = 1_048_576;

// Counting a spool reads its folder, so it is done once a process instead of once a turn.
const spools = new Map<string, Spool>();

/**
 * Writes a turn into the spool before it returns, readable by this user only. Undefined when nothing of the turn may be stored.
 * @param home  MEMORY_HOME
 * @param limit how many episodes may wait there
 * @throws SpoolFullError, ConfigError; InvalidInputError for a group or a session that cannot be one
 */
export function spoolTurn(home: string, group: string, turn: Turn, limit = MOST_SPOOLED): Spooled | undefined {
  const episode = turnEpisode(turn);
  if (episode.content === '') return undefined;
  return spoolEpisode(home, group, episode, { source: 'message', sourceDescription: turn.host, limit });
}

/** The same for the summary of a session. */
export function spoolSummary(home: string, group: string, summary: Summary, limit = MOST_SPOOLED): Spooled | undefined {
  const episode = summaryEpisode(summary);
  if (episode.content === '') return undefined;
  return spoolEpisode(home, group, episode, { source: 'text', sourceDescription: summary.host, limit });
}

/** The same for what is redacted already. */
export function spoolEpisode(
  home: string,
  group: string,
  { content, metadata, key, saga, referenceTime }: TurnEpisode,
  { limit = MOST_SPOOLED, ...options }: SpoolEpisodeOptions,
): Spooled {
  const episode = newEpisode(content, metadata, group, MOST_BYTES, {
    idempotencyKey: key,
    referenceTime,
    saga,
    ...options,
  });
  spoolOf(home, limit).keep([{ episode, given: true, carrier: carrier() }]);
  return { uuid: episode.uuid };
}

function spoolOf(home: string, limit: number): Spool {
  const name = `${limit} ${home}`;
  const spool = spools.get(name) ?? openSpool(home, limit);
  spools.set(name, spool);
  return spool;
}
