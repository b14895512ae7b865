import type { Address } from '../config.ts';
import { StoreUnreachableError } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { trace } from '../telemetry/tracing.ts';
import { established, impatientConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { inNamespace } from '../valkey/keys.ts';
import { ANSWER_TTL, answerKey, type CacheLookup, lookUpAnswer, storeAnswer } from './cache.ts';

/** Answers from the cache, or else works the answer out. */
export interface Reader {
  /**
   * @param question everything that the answer depends on, as plain data; `ask` names the kind, also in the metrics
   * @param work     finds the answer; called once for all who ask the same at the same time, of whom each gets an answer of its own
   * @throws AccessRefusedError, WrongServerError, and what `work` throws; a Valkey that is away only costs speed
   */
  answer<T>(group: string, question: Question, work: () => Promise<T>, options?: AnswerOptions): Promise<T>;
  close(): void;
}

export interface Question {
  readonly ask: string;
  readonly [name: string]: unknown;
}

export interface AnswerOptions {
  /** Default true. */
  readonly useCache?: boolean | undefined;
  /** Whether what was kept is an answer of this kind; anything else counts as not kept. Default: any object. */
  readonly isAnswer?: (kept: object) => boolean;
  /** When the answer becomes another one by itself, after `since` and not after `until`; asked beside `work`. Default: never. */
  readonly changesAt?: (since: Date, until: Date) => Promise<Date | undefined>;
}

export interface ReaderParts {
  readonly address: Address;
  readonly queuePrefix: string;
  readonly metrics?: Metrics | undefined;
  /** Called with a sentence when the cache could not be used. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

export function openReader({ address, queuePrefix, metrics, onNotice }: ReaderParts): Reader {
  const valkey = inNamespace(impatientConnection(address), queuePrefix);
  /** Answers that are being worked out, as JSON for those who ask meanwhile: each gets a copy that is theirs to change. */
  const running = new Map<string, Promise<string>>();

  async function tryCache<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      await established(valkey, address);
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
      const lookup = await tryCache(() => lookUpAnswer(valkey, group, key));
      span.tag('hit', lookup?.answer !== undefined);
      return lookup;
    });
  }

  /** The answer as JSON, which is kept for as long as it holds. */
  async function compute(
    group: string,
    key: string,
    version: string,
    work: () => Promise<unknown>,
    changesAt: AnswerOptions['changesAt'],
  ): Promise<string> {
    const since = Date.now();
    // Where nobody can tell the answer is not kept.
    const change = changesAt?.(new Date(since), new Date(since + ANSWER_TTL)).catch(() => new Date(since));
    const answer = JSON.stringify(await work());
    const ends = (await change)?.getTime() ?? since + ANSWER_TTL;
    await tryCache(() =>
      storeAnswer(valkey, group, key, { version, answer, ttlMs: Math.min(ends - Date.now(), ANSWER_TTL) }),
    );
    return answer;
  }

  return {
    async answer<T>(
      group: string,
      question: Question,
      work: () => Promise<T>,
      { useCache = true, isAnswer = () => true, changesAt }: AnswerOptions = {},
    ): Promise<T> {
      const key = answerKey(valkey, group, question);
      const tags = { group, ask: question.ask };
      const lookup = useCache ? await lookUp(group, key) : undefined;
      const kept = readable(lookup?.answer, isAnswer);
      if (kept !== undefined) {
        metrics?.increment('opencode.memory.cache_hit', tags);
        return kept as T;
      }
      metrics?.increment('opencode.memory.cache_miss', tags);
      // A question after the next commit has another version and starts its own search.
      // Without a version nobody can tell what a search under way has seen, so each has its own.
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
    close: () => valkey.disconnect(),
  };
}

/** What was kept, if it can be read: whatever else lies there is a miss. */
function readable(text: string | undefined, isAnswer: (kept: object) => boolean): object | undefined {
  try {
    const kept: unknown = text === undefined ? undefined : JSON.parse(text);
    return typeof kept === 'object' && kept !== null && isAnswer(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}
