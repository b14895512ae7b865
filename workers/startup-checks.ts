import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../src/config.ts';
import { ConfigError, EmbedderMismatchError, StoreUnreachableError, WrongServerError } from '../src/errors.ts';
import type { GroupGraph } from '../src/graph/group-graph.ts';
import type { Embedder } from '../src/models/embedder.ts';
import { locationSettings, storeLocation } from '../src/store-address.ts';
import { SECOND } from '../src/time.ts';
import { checkRights } from '../src/valkey/acl-rights.ts';
import { isFalkorDBError, type StoreKind } from '../src/valkey/failures.ts';
import { type QueryLimits, readServers, type ServerInfo } from '../src/valkey/server-info.ts';

/** Findings at the start: sentences that prevent it, and warnings. */
export interface StartupFindings {
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

const MOST_SKEW = 2 * SECOND;
const LEAST_STALLED = 10;
/** What happens when a store has fewer replicas than it should. */
const TOO_FEW_COPIES: Readonly<Record<StoreKind, string>> = {
  Valkey: 'texts whose queue it holds are spooled or refused',
  FalkorDB: 'commits are made, but their jobs wait',
};
const LEAST_TAKEOVER = 5 * SECOND;
/** Milliseconds, as FalkorDB takes them. */
const LONGEST_WRITE = 25_000;
const OLDEST_FALKORDB = [4, 10];
/** From 6.0 on FalkorDB is another engine. */
const TESTED_FALKORDB = [4, 16];

/**
 * Checks, before the first job, everything that could break the promise that acknowledged episodes are kept.
 * @param graph of the default group
 * @param embedder undefined for a worker that embeds nothing
 * @throws ConfigError, WrongServerError naming what to change; StoreUnreachableError, AccessRefusedError
 */
export async function runStartupChecks(
  config: Config,
  graph: GroupGraph,
  embedder: Embedder | undefined,
  onNotice: (sentence: string) => void,
  now: () => number = Date.now,
): Promise<void> {
  // First, since a missing right would make the other checks fail one by one.
  await retryWhileUnreachable(() => checkRights('Valkey', config.valkey, config.queuePrefix, config.valkeyCopies));
  const valkey = await retryWhileUnreachable(() => readServers('Valkey', config.valkey, now));
  for (const facts of valkey) checkStoreKind('Valkey', facts, config);
  const falkordb = await retryWhileUnreachable(() => readServers('FalkorDB', config.falkordb, now));
  for (const facts of falkordb) checkStoreKind('FalkorDB', facts, config);
  await checkRights('FalkorDB', config.falkordb, config.queuePrefix, config.falkordbCopies);
  // Also detects a user that may not use graphs.
  await graph.read('RETURN 1 AS n');
  const findings = [
    ...valkey.map((facts) => serverFindings('Valkey', facts, config.valkeyCopies)),
    ...falkordb.map((facts) => serverFindings('FalkorDB', facts, config.falkordbCopies)),
    settingsFindings(config),
  ];
  // The nodes of a cluster mostly have the same settings.
  const unique = (kind: keyof StartupFindings) => [...new Set(findings.flatMap((finding) => finding[kind]))];
  for (const warning of unique('warnings')) onNotice(`Warning: ${warning}`);
  const refusals = unique('refusals');
  if (refusals.length > 0) throw new ConfigError(refusals.join(' '));
  if (!embedder) return;
  try {
    await graph.check(embedder);
  } catch (error) {
    // Only a worker can change the graph's vectors; until then its jobs wait.
    if (!(error instanceof EmbedderMismatchError)) throw error;
    onNotice(`Warning: ${error.message} Until then episodes wait.`);
  }
}

const TRIES = 4;
const PAUSE = 0.2 * SECOND;

/** A server that accepts connections but is silent may just be busy, as when it loads its data after a start. */
export async function retryWhileUnreachable<T>(ask: () => Promise<T>): Promise<T> {
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

/** @throws WrongServerError where one store answers at the address of the other */
export function checkStoreKind(
  store: StoreKind,
  { falkordb: moduleVersion }: Pick<ServerInfo, 'falkordb'>,
  { valkey, falkordb }: Pick<Config, 'valkey' | 'falkordb'>,
): void {
  if (store === 'Valkey' && moduleVersion !== undefined) throw isFalkorDBError(valkey);
  if (store === 'Valkey' || moduleVersion !== undefined) return;
  throw new WrongServerError(
    `The server at ${storeLocation(falkordb)} is a plain Redis or Valkey without the FalkorDB module; check ${locationSettings('FalkorDB', falkordb)}.`,
  );
}

/**
 * Pure, so that it can be tested with the facts of any server.
 * @param copies those that VALKEY_COPIES or FALKORDB_COPIES asks for
 */
export function serverFindings(store: StoreKind, facts: ServerInfo, copies = 0): StartupFindings {
  const { product, version, evictionPolicy, appendOnly, falkordb, isReplica, replicas, limits, ahead } = facts;
  const [refusals, warnings]: [string[], string[]] = [[], []];
  if (!isAtLeast(version, product === 'Valkey' ? [7, 2] : [6, 2]))
    refusals.push(`${store} runs on ${product} ${version}; memory-manager needs Valkey 7.2, Redis 6.2 or newer.`);
  if (isReplica)
    refusals.push(
      `${store} is a replica and accepts no writes; set ${store.toUpperCase()}_HOST and ${store.toUpperCase()}_PORT to its primary.`,
    );
  if (evictionPolicy === undefined)
    warnings.push(
      `${store} forbids CONFIG, so its eviction policy and persistence could not be checked; make sure that maxmemory-policy is noeviction and appendonly is yes.`,
    );
  else if (evictionPolicy !== 'noeviction')
    refusals.push(
      `${store} throws data away when its memory is full (maxmemory-policy ${evictionPolicy}); set its maxmemory-policy to noeviction.`,
    );
  if (appendOnly === false)
    warnings.push(
      `${store} has appendonly no: acknowledged data are lost when the server stops. Set its appendonly to yes, unless this is only a trial.`,
    );
  if (replicas < copies)
    warnings.push(
      `${store.toUpperCase()}_COPIES is ${copies}, and ${store} has ${replicas === 1 ? '1 replica' : `${replicas} replicas`}: ${TOO_FEW_COPIES[store]}. Start more replicas, or set ${store.toUpperCase()}_COPIES to ${replicas}.`,
    );
  if (falkordb !== undefined && !isAtLeast(falkordb, OLDEST_FALKORDB))
    warnings.push(
      `FalkorDB's module is ${falkordb}; memory-manager was written for ${OLDEST_FALKORDB.join('.')} and newer and may fail.`,
    );
  const [major = 0, minor = 0] = TESTED_FALKORDB;
  if (falkordb !== undefined && isAtLeast(falkordb, [major, minor + 1]))
    warnings.push(
      `FalkorDB's module is ${falkordb}, newer than the ${TESTED_FALKORDB.join('.')} that memory-manager was tested with; try it on a copy of your data first.`,
    );
  if (limits) warnings.push(...judgeLimits(limits));
  if (Math.abs(ahead) > MOST_SKEW) {
    const seconds = (Math.abs(ahead) / SECOND).toFixed(1);
    warnings.push(
      `the clock of ${store}'s machine is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} ours; set both from the same time server, since both clocks are used.`,
    );
  }
  return { refusals, warnings };
}

/** The limits cut no answer, but a query that the server ended can only be retried. */
function judgeLimits({ rows, longestTimeout }: QueryLimits): string[] {
  return [
    ...(rows === undefined
      ? [
          'FalkorDB forbids GRAPH.CONFIG, so its limits could not be checked; make sure that RESULTSET_SIZE is -1 and TIMEOUT_MAX is 0.',
        ]
      : []),
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

/** Our own settings that can break the promise. */
export function settingsFindings({ stalledLimit, takeoverMs, home }: Config): StartupFindings {
  const warnings: string[] = [];
  if (stalledLimit < LEAST_STALLED)
    warnings.push(
      `MEMORY_STALLED_LIMIT is ${stalledLimit}: a job becomes a dead letter once that many workers died while they held it. Set it to ${LEAST_STALLED} or more; the default is 100.`,
    );
  if (takeoverMs < LEAST_TAKEOVER)
    warnings.push(
      `MEMORY_TAKEOVER_SECONDS is ${takeoverMs / SECOND}: a worker that is only busy for so long counts as dead, and its jobs are done twice. Set it to ${LEAST_TAKEOVER / SECOND} or more; the default is 15.`,
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
