import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../src/config.ts';
import { ConfigError, EmbedderMismatchError, StoreUnreachableError, WrongServerError } from '../src/errors.ts';
import type { GroupGraph } from '../src/graph/group-graph.ts';
import type { Embedder } from '../src/models/embedder.ts';
import { SECOND } from '../src/time.ts';
import { isFalkorDBError, type Store } from '../src/valkey/failures.ts';
import { checkRights } from '../src/valkey/rights.ts';
import { type QueryLimits, readServer, type ServerFacts } from '../src/valkey/server.ts';

/** What was found at the start: sentences that forbid it, and such that only have to be heard. */
export interface Findings {
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

const MOST_SKEW = 2 * SECOND;
const LEAST_STALLED = 10;
const LEAST_TAKEOVER = 5 * SECOND;
/** Milliseconds, as FalkorDB takes them. */
const LONGEST_WRITE = 25_000;
const OLDEST_FALKORDB = [4, 10];
/** From 6.0 on FalkorDB is another engine. */
const TESTED_FALKORDB = [4, 16];

/**
 * Looks at everything that could break the promise that what is acknowledged is kept, before the first job.
 * @param graph of the default group, and who embeds; undefined for a worker that embeds nothing
 * @throws ConfigError, WrongServerError naming what to change; StoreUnreachableError, AccessRefusedError
 */
export async function checkStart(
  config: Config,
  graph: GroupGraph,
  embedder: Embedder | undefined,
  onNotice: (sentence: string) => void,
  now: () => number = Date.now,
): Promise<void> {
  // First, since a right that is missing would make the other questions fail one by one.
  await patiently(() => checkRights('Valkey', config.valkey, config.queuePrefix));
  const valkey = await patiently(() => readServer('Valkey', config.valkey, now));
  if (valkey.falkordb !== undefined) throw isFalkorDBError(config.valkey);
  const falkordb = await patiently(() => readServer('FalkorDB', config.falkordb, now));
  if (falkordb.falkordb === undefined) throw withoutModule(config);
  await checkRights('FalkorDB', config.falkordb, config.queuePrefix);
  // Also tells a password that may not use graphs.
  await graph.read('RETURN 1 AS n');
  const findings = [judgeServer('Valkey', valkey), judgeServer('FalkorDB', falkordb), judgeSettings(config)];
  for (const warning of findings.flatMap(({ warnings }) => warnings)) onNotice(`Warning: ${warning}`);
  const refusals = findings.flatMap((finding) => finding.refusals);
  if (refusals.length > 0) throw new ConfigError(refusals.join(' '));
  if (!embedder) return;
  try {
    await graph.check(embedder);
  } catch (error) {
    // It takes a worker to change the graph's vectors; until then its jobs wait.
    if (!(error instanceof EmbedderMismatchError)) throw error;
    onNotice(`Warning: ${error.message} Until then episodes wait.`);
  }
}

const TRIES = 4;
const PAUSE = 0.2 * SECOND;

/** A server that takes connections but is silent may just be busy, as when it reads its data after a start. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      const isSilent =
        error instanceof StoreUnreachableError && !/ECONN|ENOTFOUND|EAI_AGAIN/.test(reasonOf(error.cause));
      if (!isSilent || tries === TRIES) throw error;
      await sleep(PAUSE);
    }
  }
}

const reasonOf = (cause: unknown) => `${(cause as { code?: string } | undefined)?.code ?? ''} ${cause}`;

function withoutModule({ falkordb: { host, port } }: Config): WrongServerError {
  return new WrongServerError(
    `The server at ${host}:${port} is a plain Redis or Valkey without the FalkorDB module; check FALKORDB_HOST and FALKORDB_PORT.`,
  );
}

/** Pure, so that it can be asked about servers that nobody has at hand. */
export function judgeServer(store: Store, facts: ServerFacts): Findings {
  const { product, version, evictionPolicy, appendOnly, falkordb, isReplica, limits, ahead } = facts;
  const [refusals, warnings]: [string[], string[]] = [[], []];
  if (!isAtLeast(version, product === 'Valkey' ? [7, 2] : [6, 2]))
    refusals.push(`${store} runs on ${product} ${version}; it takes Valkey from 7.2 or Redis from 6.2.`);
  if (isReplica)
    refusals.push(
      `${store} is a replica, which takes nothing; set ${store.toUpperCase()}_HOST and ${store.toUpperCase()}_PORT to its primary.`,
    );
  if (evictionPolicy === undefined)
    warnings.push(
      `${store} forbids CONFIG, so that its eviction policy and persistence could not be checked; see that maxmemory-policy is noeviction and that it keeps its data.`,
    );
  else if (evictionPolicy !== 'noeviction')
    refusals.push(
      `${store} throws data away when its memory is full (maxmemory-policy ${evictionPolicy}); set its maxmemory-policy to noeviction.`,
    );
  if (appendOnly === false)
    warnings.push(
      `${store} has appendonly no: what it acknowledged is lost when it ends. Set its appendonly to yes, unless this is only a trial.`,
    );
  if (falkordb !== undefined && !isAtLeast(falkordb, OLDEST_FALKORDB))
    warnings.push(
      `FalkorDB's module is ${falkordb}; this was written for ${OLDEST_FALKORDB.join('.')} and newer and may fail.`,
    );
  const [major = 0, minor = 0] = TESTED_FALKORDB;
  if (falkordb !== undefined && isAtLeast(falkordb, [major, minor + 1]))
    warnings.push(
      `FalkorDB's module is ${falkordb}, newer than the ${TESTED_FALKORDB.join('.')} that this was tested with; try it on a copy first.`,
    );
  warnings.push(...judgeLimits(limits));
  if (Math.abs(ahead) > MOST_SKEW) {
    const seconds = (Math.abs(ahead) / SECOND).toFixed(1);
    warnings.push(
      `the clock of ${store}'s machine is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} ours; let both follow the same time server, since times are told by both.`,
    );
  }
  return { refusals, warnings };
}

/** Whatever they are, no answer is cut; but a query that is ended can only be tried again. */
function judgeLimits({ rows, longestTimeout }: Partial<QueryLimits> = {}): string[] {
  return [
    ...(rows !== undefined && rows >= 0
      ? [
          `FalkorDB has RESULTSET_SIZE ${rows}: longer answers take two queries each. Set its RESULTSET_SIZE to -1, as in \`GRAPH.CONFIG SET RESULTSET_SIZE -1\`.`,
        ]
      : []),
    ...(longestTimeout && longestTimeout < LONGEST_WRITE
      ? [
          `FalkorDB has TIMEOUT_MAX ${longestTimeout}: a longer query is ended and tried again. Set its TIMEOUT_MAX to 0, or to ${LONGEST_WRITE} or more.`,
        ]
      : []),
  ];
}

/** Our own settings, as far as they can break the promise. */
export function judgeSettings({ stalledLimit, takeover, home }: Config): Findings {
  const warnings: string[] = [];
  if (stalledLimit < LEAST_STALLED)
    warnings.push(
      `MEMORY_STALLED_LIMIT is ${stalledLimit}: a job is given up when so many workers died that held it. Set it to ${LEAST_STALLED} or more; the default is 100.`,
    );
  if (takeover < LEAST_TAKEOVER)
    warnings.push(
      `MEMORY_TAKEOVER_SECONDS is ${takeover / SECOND}: a worker that is only busy for so long counts as dead, and its jobs are done twice. Set it to ${LEAST_TAKEOVER / SECOND} or more; the default is 15.`,
    );
  const folder = join(home, 'spool');
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o077) !== 0)
    warnings.push(`${folder} can be entered by other users of this machine; chmod 700 it, since it holds episodes.`);
  return { refusals: [], warnings };
}

function isAtLeast(version: string, [major = 0, minor = 0]: readonly number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
