import type { Address } from '../config.ts';
import { StoreUnreachable } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { trace } from '../telemetry/tracing.ts';
import { established, impatientConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { answerKey, keep, type Looked, look } from './cache.ts';

/** Answers from the cache, or else works the answer out. */
export interface Reader {
  /**
   * @param question everything that the answer depends on, as plain data
   * @param work     finds the answer; called once for all who ask the same at the same time
   * @throws AccessRefused, WrongServer, and what `work` throws; a Valkey that is away only costs speed
   */
  answer<T>(group: string, question: object, work: () => Promise<T>, useCache?: boolean): Promise<T>;
  close(): void;
}

export interface ReaderParts {
  readonly address: Address;
  readonly metrics?: Metrics | undefined;
  /** Told in a sentence when the cache could not be used. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

export function openReader({ address, metrics, onNotice }: ReaderParts): Reader {
  const valkey = impatientConnection(address);
  /** Answers that are being worked out, as JSON for those who ask meanwhile: each gets a copy that is theirs to change. */
  const running = new Map<string, Promise<string>>();

  async function tryCache<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      await established(valkey, address);
      return await work();
    } catch (error) {
      const explained = explainValkey(error, address);
      if (!(explained instanceof StoreUnreachable)) throw explained;
      onNotice?.(`${explained.message} The graph is asked without the cache.`);
      return undefined;
    }
  }

  function lookUp(group: string, key: string): Promise<Looked | undefined> {
    return trace('memory.cache', {}, async (span) => {
      const looked = await tryCache(() => look(valkey, group, key));
      span.tag('hit', looked?.answer !== undefined);
      return looked;
    });
  }

  async function findOut(group: string, key: string, looked: Looked, work: () => Promise<unknown>): Promise<string> {
    const found = JSON.stringify(await work());
    await tryCache(() => keep(valkey, group, key, looked.version, found));
    return found;
  }

  return {
    async answer<T>(group: string, question: object, work: () => Promise<T>, useCache = true): Promise<T> {
      const key = answerKey(group, question);
      const looked = useCache ? await lookUp(group, key) : undefined;
      if (looked?.answer !== undefined) {
        metrics?.increment('opencode.memory.cache_hit', { group });
        return JSON.parse(looked.answer) as T;
      }
      metrics?.increment('opencode.memory.cache_miss', { group });
      // Whoever asks after the next commit has another version and starts a search of their own.
      // Without a version nobody can tell what a search under way has seen, so each has its own.
      const search = () => trace('memory.search', {}, work);
      if (!looked) return await search();
      const flight = `${key} ${looked.version}`;
      const flying = running.get(flight) ?? findOut(group, key, looked, search).finally(() => running.delete(flight));
      running.set(flight, flying);
      return JSON.parse(await flying) as T;
    },
    close: () => valkey.disconnect(),
  };
}
