import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { TimedOut } from '../errors.ts';
import { MINUTE } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Signals } from '../valkey/signals.ts';
import { within } from '../within.ts';
import { type ReadEpisode, recalled } from './extract.ts';
import type { Memo, Remembered } from './memo.ts';

/** Where an episode's reading stands: whether it is this process' turn, and what is left of earlier ones. */
export type Turn = { readonly isMine: boolean } & Remembered;

/**
 * Whose turn it is to read an episode that several workers were given at once, so that models are asked by one of them; the
 * others find what it read in the memo. A turn that is lost does no harm: a call is spent twice.
 */
export interface Readings {
  /** Takes the turn for each episode where nobody has it, in the round trip in which the memo is asked. */
  begin(group: string, uuids: readonly string[]): Promise<Turn[]>;
  /**
   * Waits until what another worker reads is in the memo, or it is our turn, since that one failed or died.
   * @throws TimedOut after five minutes
   */
  wait(episode: ReadEpisode): Promise<Remembered>;
  /** What was read is in the memo, or failed. */
  end(group: string, uuid: string): void;
  /** Gives all turns back: who gets these episodes next need not wait until they lapse. */
  close(): Promise<void>;
}

const WAITS_AT_MOST = 5 * MINUTE;
/** So that workers whose reader died do not ask all at the same moment. */
const SPREAD = 50;
const readingKey = (valkey: Redis, group: string, uuid: string) => `${groupKey(valkey, 'reading', group)}:${uuid}`;

// For each the milliseconds until its reader counts as dead, or -1 when it is ours.
const TAKE = `
local answers = {}
for place, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', key) == ARGV[1] then answers[place] = -1
  else answers[place] = math.max(redis.call('PTTL', key), 0) end
end
return answers`;
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const END = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('PUBLISH', KEYS[1], 'read')`;

/** @param lasts milliseconds after which a dead reader loses its turn; it is renewed at a third of that */
export function openReadings(valkey: Redis, signals: Signals, memo: Memo, lasts: number): Readings {
  const reader = randomUUID();
  const held = new Set<string>();
  const ended: string[] = [];
  let renewal: NodeJS.Timeout | undefined;

  function hold(keys: readonly string[]): void {
    for (const key of keys) held.add(key);
    renewal ??= setInterval(renew, lasts / 3);
  }

  function letGo(key: string): boolean {
    const wasHeld = held.delete(key);
    if (held.size === 0) {
      clearInterval(renewal);
      renewal = undefined;
    }
    return wasHeld;
  }

  function renew(): void {
    const calls = valkey.pipeline();
    for (const key of held) calls.eval(RENEW, 1, key, reader, lasts);
    calls.exec().catch(() => {});
  }

  async function giveBack(keys: readonly string[]): Promise<void> {
    const calls = valkey.pipeline();
    for (const key of keys) calls.eval(END, 1, key, reader);
    await calls.exec().catch(() => {});
  }

  async function take(keys: readonly string[]): Promise<number[]> {
    // Before the answer, so that what ends meanwhile is given back all the same.
    hold(keys);
    const answers = (await valkey.eval(TAKE, keys.length, ...keys, reader, lasts)) as number[];
    for (const [place, key] of keys.entries()) if (answers[place] !== -1) letGo(key);
    return answers;
  }

  /** The turn is asked for first: whoever had it until then has put what it read into the memo. */
  async function ask(group: string, uuids: readonly string[]) {
    const keys = uuids.map((uuid) => readingKey(valkey, group, uuid));
    const [answers, remembered] = await Promise.all([take(keys), memo.recall(group, uuids)]);
    return remembered.map((it, place) => ({ remembered: it, lapses: answers[place] ?? 0 }));
  }

  return {
    async begin(group, uuids) {
      const asked = await ask(group, uuids);
      return asked.map(({ remembered, lapses }) => ({ isMine: lapses === -1, ...remembered }));
    },
    async wait(episode) {
      const { group, uuid } = episode;
      const end = performance.now() + WAITS_AT_MOST;
      let news = Promise.withResolvers<void>();
      const stop = await signals.listen(readingKey(valkey, group, uuid), () => news.resolve());
      try {
        while (performance.now() < end) {
          news = Promise.withResolvers();
          const [asked] = await ask(group, [uuid]);
          const { remembered, lapses } = asked as NonNullable<typeof asked>;
          if (lapses === -1 || recalled(episode, remembered)) return remembered;
          await within(lapses + Math.random() * SPREAD, news.promise, () => {});
        }
      } finally {
        stop();
      }
      throw new TimedOut(
        `Another worker has been reading an episode of the memory "${group}" for five minutes; it is tried again.`,
      );
    },
    end(group, uuid) {
      const key = readingKey(valkey, group, uuid);
      if (!letGo(key) || ended.push(key) > 1) return;
      // Behind what the memo was given to keep in this turn of the event loop.
      queueMicrotask(() => void giveBack(ended.splice(0)));
    },
    async close() {
      const keys = [...held];
      for (const key of keys) letGo(key);
      await giveBack(keys);
    },
  };
}
