import type { Address } from '../config.ts';
import { StoreUnreachableError } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { trace } from '../telemetry/tracing.ts';
import { ensureConnected, failFastConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { inNamespace } from '../valkey/keys.ts';
import { CACHE_TTL_MS, type CacheLookup, cacheKey, readCached, writeCached } from './cache.ts';
import { type DeliveredBriefing, readDelivered, writeDelivered } from './delivered-briefing.ts';

/** Answers from the cache, or computes the answer. */
export interface Reader {
  /**
   * @param question everything that the answer depends on, as plain data; `ask` names the kind, also in the metrics
   * @param work     finds the answer; called once for all callers with the same question at the same time; each gets a separate copy of the answer
   * @throws AccessRefusedError, WrongServerError, and what `work` throws; an unreachable Valkey only costs speed
   */
  read<T>(group: string, question: Question, work: () => Promise<T>, options?: CachedReadOptions): Promise<T>;
  /** Records the briefing that an agent got. Does not wait and never fails. @param version of the group, from `onVersion` */
  recordDelivery(group: string, version: string, delivered: DeliveredBriefing): void;
  /** The last briefing that an agent was delivered; undefined if none is known or Valkey is unreachable. */
  lastDelivered(group: string): Promise<DeliveredBriefing | undefined>;
  close(): void;
}

export interface Question {
  readonly ask: string;
  readonly [name: string]: unknown;
}

export interface CachedReadOptions {
  /** Default true. */
  readonly useCache?: boolean | undefined;
  /** The caller changes nothing in the answer: while the cache has the same text, it may get the same object again. Default false. */
  readonly isReadOnly?: boolean;
  /** Whether a cached value is an answer of this kind; any other value is a miss. Default: any object. */
  readonly isUsable?: (value: object) => boolean;
  /** When the answer changes without a write, after `since` and not after `until`; called in parallel with `work`. Default: never. */
  readonly changesAt?: (since: Date, until: Date) => Promise<Date | undefined>;
  /** Called with the group's version from before the answer was found; not called if the cache was not asked. */
  readonly onVersion?: (version: string) => void;
}

export interface ReaderParts {
  readonly address: Address;
  readonly queuePrefix: string;
  readonly metrics?: Metrics | undefined;
  /** Called with a sentence when the cache could not be used. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

export function openReader({ address, queuePrefix, metrics, onNotice }: ReaderParts): Reader {
  const valkey = inNamespace(failFastConnection(address), queuePrefix);
  /** Answers that are being computed, as JSON: each caller that waits for one gets a copy of its own. */
  const running = new Map<string, Promise<string>>();
  const parsed = openParsedAnswers();

  async function tryCache<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      await ensureConnected(valkey, address);
      return await work();
    } catch (error) {
      const explained = explainValkey(error, address);
      if (!(explained instanceof StoreUnreachableError)) throw explained;
      onNotice?.(`${explained.message} The graph is asked without the cache.`);
      return undefined;
    }
  }

  function lookUp(group: string, key: string): Promise<CacheLookup | undefined> {
    return trace('memory.cache', {}, async (span) => {
      const lookup = await tryCache(() => readCached(valkey, group, key));
      span.tag('hit', lookup?.answer !== undefined);
      return lookup;
    });
  }

  /** The answer as JSON, which is cached while it is valid. */
  async function compute(
    group: string,
    key: string,
    version: string,
    work: () => Promise<unknown>,
    changesAt: CachedReadOptions['changesAt'],
  ): Promise<string> {
    const since = Date.now();
    // If the time of the next change is unknown, the answer is not cached.
    const change = changesAt?.(new Date(since), new Date(since + CACHE_TTL_MS)).catch(() => new Date(since));
    const answer = JSON.stringify(await work());
    const ends = (await change)?.getTime() ?? since + CACHE_TTL_MS;
    await tryCache(() =>
      writeCached(valkey, group, key, { version, answer, ttlMs: Math.min(ends - Date.now(), CACHE_TTL_MS) }),
    );
    return answer;
  }

  return {
    async read<T>(
      group: string,
      question: Question,
      work: () => Promise<T>,
      { useCache = true, isReadOnly = false, isUsable = () => true, changesAt, onVersion }: CachedReadOptions = {},
    ): Promise<T> {
      const key = cacheKey(valkey, group, question);
      const tags = { group, ask: question.ask };
      const lookup = useCache ? await lookUp(group, key) : undefined;
      if (lookup) onVersion?.(lookup.version);
      const cached = isReadOnly ? parsed.get(key, lookup?.answer, isUsable) : readable(lookup?.answer, isUsable);
      if (cached !== undefined) {
        metrics?.increment('opencode.memory.cache_hit', tags);
        return cached as T;
      }
      metrics?.increment('opencode.memory.cache_miss', tags);
      // A question after the next commit has another version and starts its own search.
      // Without a version it is unknown which data a running search has read, so callers do not share one.
      const search = () => trace('memory.search', {}, work);
      if (!lookup) return await search();
      const { version } = lookup;
      const flightKey = `${key} ${version}`;
      const inFlight =
        running.get(flightKey) ??
        compute(group, key, version, search, changesAt).finally(() => running.delete(flightKey));
      running.set(flightKey, inFlight);
      return JSON.parse(await inFlight) as T;
    },
    recordDelivery(group, version, delivered) {
      // The connection has just been used, so that the command leaves at once.
      writeDelivered(valkey, group, version, delivered).catch(() => {});
    },
    lastDelivered: (group) => tryCache(() => readDelivered(valkey, group)),
    close: () => valkey.disconnect(),
  };
}

/** Most answers whose objects are kept, and the longest text of one. */
const [MOST_PARSED, LONGEST_PARSED] = [50, 50_000];

/** The latest answers as objects, so that one that is asked for again is not parsed again. Valkey decides each time whether its text still holds. */
function openParsedAnswers() {
  const latest = new Map<string, { readonly text: string; readonly answer: object }>();
  return {
    get(key: string, text: string | undefined, isUsable: (value: object) => boolean): object | undefined {
      const kept = latest.get(key);
      latest.delete(key);
      const answer = kept?.text === text ? kept?.answer : readable(text, isUsable);
      if (text === undefined || answer === undefined || text.length > LONGEST_PARSED) return answer;
      latest.set(key, { text, answer });
      if (latest.size > MOST_PARSED) latest.delete(latest.keys().next().value ?? '');
      return answer;
    },
  };
}

/** The cached answer; undefined, a miss, if it cannot be read. */
function readable(text: string | undefined, isUsable: (value: object) => boolean): object | undefined {
  try {
    const parsed: unknown = text === undefined ? undefined : JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && isUsable(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
