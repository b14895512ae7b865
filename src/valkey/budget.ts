import type { Redis } from 'ioredis';
import { BudgetSpentError } from '../errors.ts';
import { DAY, SECOND } from '../time.ts';

/*
 * What all workers of an installation spend on models in a day of UTC, by Valkey's clock: one hash for each day, with the fields `spent`
 * and `limit` in dollars. A call reserves a usual price before it is made, so that calls at the same time see each other's cost, and
 * afterwards the difference to its real price is booked. The reservation of a worker that dies stays until the day ends.
 */

/** The spending of one day. */
export interface DailySpend {
  /** Dollars, including the reservations of running calls. */
  readonly spent: number;
  /** Dollars. */
  readonly limit: number;
  /** The start of the next day in UTC. */
  readonly resetsAt: Date;
}

export interface Budget {
  /**
   * Reserves dollars for a call.
   * @returns books the real price, in dollars, once; never throws
   * @throws BudgetSpentError when the day's budget is spent; an error of Valkey
   */
  reserve(dollars: number): Promise<(spent: number) => Promise<void>>;
  /** Books a price without asking whether the budget allows it. Never throws. */
  book(dollars: number): Promise<void>;
}

const keyOf = (prefix: string, day: string): string => `${prefix}:budget:${day}`;
const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);
const nextDay = (now: number): number => (Math.floor(now / DAY) + 1) * DAY;
const KEPT = (2 * DAY) / SECOND;

/**
 * KEYS[1] hash of the day
 * ARGV[1] limit, ARGV[2] dollars to reserve, ARGV[3] seconds that the hash is kept
 * Returns 1, or 0 when the budget is spent
 */
const RESERVE = `
redis.call('HSET', KEYS[1], 'limit', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if tonumber(redis.call('HGET', KEYS[1], 'spent') or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('HINCRBYFLOAT', KEYS[1], 'spent', ARGV[2])
return 1`;

/**
 * @param prefix of the queues, which all workers of an installation share
 * @param limit dollars for a day; undefined for no limit (spending is counted in any case)
 * @param now milliseconds since 1970; default: Valkey's clock
 */
export function openBudget(
  valkey: Redis,
  prefix: string,
  limit: number | undefined,
  now: () => number | Promise<number> = () => clock(valkey),
): Budget {
  async function add(key: string, dollars: number): Promise<void> {
    try {
      await valkey.multi().hincrbyfloat(key, 'spent', dollars).expire(key, KEPT).exec();
    } catch {
      // The reservation stays, which is on the safe side.
    }
  }
  async function book(dollars: number): Promise<void> {
    try {
      await add(keyOf(prefix, dayOf(await now())), dollars);
    } catch {
      // Valkey's clock could not be read; the price of one call is missing.
    }
  }
  return {
    book,
    async reserve(dollars) {
      if (limit === undefined) return async (spent) => (spent > 0 ? book(spent) : undefined);
      const at = await now();
      const key = keyOf(prefix, dayOf(at));
      const isReserved = (await valkey.eval(RESERVE, 1, key, limit, dollars, KEPT)) === 1;
      if (!isReserved) throw spentError(limit, at);
      return (spent) => add(key, spent - dollars);
    },
  };
}

/** Removes a limit that is no longer set; the spending stays. */
export async function dropBudget(valkey: Redis, prefix: string): Promise<void> {
  await valkey.hdel(keyOf(prefix, dayOf(await clock(valkey))), 'limit');
}

/** What all workers have spent on models today, by UTC. */
export interface Spending {
  /** Dollars; null if no call had a price. */
  readonly spent: number | null;
  /** Null where no worker has a budget. */
  readonly budget: DailySpend | null;
}

/** @param now milliseconds since 1970; default: Valkey's clock */
export async function readSpending(valkey: Redis, prefix: string, now?: number): Promise<Spending> {
  const at = now ?? (await clock(valkey));
  const [spent = null, limit = null] = await valkey.hmget(keyOf(prefix, dayOf(at)), 'spent', 'limit');
  const dollars = Math.max(Number(spent ?? 0), 0);
  return {
    spent: spent === null ? null : dollars,
    budget: limit === null ? null : { spent: dollars, limit: Number(limit), resetsAt: new Date(nextDay(at)) },
  };
}

/** True when no further text is read today. */
export const isBudgetSpent = ({ spent, limit }: DailySpend): boolean => spent >= limit;

function spentError(limit: number, now: number): BudgetSpentError {
  const until = nextDay(now);
  return new BudgetSpentError(
    `The budget of $${limit} for ${dayOf(now)} (MEMORY_BUDGET) is spent; models read again from ${new Date(until).toISOString().slice(0, 16)}Z.`,
    { retryAfterMs: until - now },
  );
}

async function clock(valkey: Redis): Promise<number> {
  const [seconds, microseconds] = await valkey.time();
  return Number(seconds) * SECOND + Math.floor(Number(microseconds) / 1000);
}
