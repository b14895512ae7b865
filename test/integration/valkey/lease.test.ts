import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startValkey } from '../../../src/embedded/servers.ts';
import { MINUTE } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { type Leases, openLeases } from '../../../src/valkey/lease.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until, watchFor } from '../../support/wait.ts';

const stores = useStores();
const LASTS = 1000;
/** Whoever waits for such a lease is woken by its release, or not in the time of a test. */
const LONG = 30 * MINUTE;
const NEVER = new AbortController().signal;
let asking: Redis;
const opened: { valkey: Redis; leases: Leases }[] = [];

/** The leases as one more process sees them. */
function openProcess(lasts = LASTS, address = stores.config.valkey): Leases {
  const valkey = retryingConnection(address);
  const leases = openLeases(valkey, lasts);
  opened.push({ valkey, leases });
  return leases;
}

beforeAll(() => {
  asking = retryingConnection(stores.config.valkey);
});
afterAll(() => {
  for (const { valkey, leases } of opened) {
    leases.close();
    valkey.disconnect();
  }
  asking.disconnect();
});

/** Resolves once a process waits for the lease. */
const waited = (group: string) =>
  until('somebody waits', async () => {
    const [, count] = (await asking.pubsub('NUMSUB', `lease:{${group}}`)) as [string, number];
    return count > 0;
  });

async function scripts(): Promise<number> {
  return Number(/cmdstat_eval:calls=(\d+)/.exec(await asking.info('commandstats'))?.[1] ?? 0);
}

describe('a process that waits for a lease', () => {
  test('gets it when it is released, with a higher number', async () => {
    const group = newGroup();
    const [one, other] = [openProcess(LONG), openProcess(LONG)];
    const first = await one.take(group);
    const waiting = other.take(group);
    await waited(group);

    await first.release();
    const second = await waiting;

    expect(second.fence).toBeGreaterThan(first.fence);
    expect([first.isHeld(), second.isHeld()]).toEqual([false, true]);
    await second.release();
  });

  test('does not poll Valkey meanwhile, even if fifty wait', async () => {
    const group = newGroup();
    const earlier = await scripts();
    const holder = await openProcess(LONG).take(group);
    const ended = new AbortController();
    const waiting = Array.from({ length: 50 }, () => {
      const leases = openProcess(LONG);
      return leases.takeUnless(group, { until: ended.signal, onWait: async () => {} });
    });
    await until('all wait', async () => {
      const [, count] = (await asking.pubsub('NUMSUB', `lease:{${group}}`)) as [string, number];
      return count === 50;
    });
    await until('all asked once more', async () => (await scripts()) - earlier >= 101);
    const before = await scripts();

    await watchFor(2000);

    expect((await scripts()) - before).toBe(0);
    ended.abort();
    expect(await Promise.all(waiting)).toEqual(new Array(50).fill(undefined));
    await holder.release();
  });

  test('gets it when the holder died and the lease expired', async () => {
    const group = newGroup();
    await asking.set(`lease:{${group}}`, 'somebody who died', 'PX', LASTS);

    const lease = await openProcess(LONG).take(group);

    expect(lease.isHeld()).toBe(true);
    await lease.release();
  });

  test('learns of a release that was published while its connection was broken', async () => {
    const group = newGroup();
    const first = await openProcess(LONG).take(group);
    const waiting = openProcess(LONG).take(group);
    await waited(group);

    await asking.multi().call('CLIENT', 'KILL', 'TYPE', 'pubsub').del(`lease:{${group}}`).exec();

    const second = await waiting;
    expect(second.fence).toBeGreaterThan(first.fence);
    await Promise.all([first.release(), second.release()]);
  });

  test('can give up, and the next waiter of its process continues', async () => {
    const group = newGroup();
    const holder = await openProcess(LONG).take(group);
    const leases = openProcess(LONG);
    const ended = new AbortController();
    const given = leases.takeUnless(group, { until: ended.signal, onWait: async () => ended.abort() });

    expect(await given).toBeUndefined();

    const next = leases.take(group);
    await waited(group);
    await holder.release();
    await (await next).release();
  });

  test('is notified of the wait once, and not at all when the lease is free', async () => {
    const group = newGroup();
    const told: string[] = [];
    const free = await openProcess(LONG).takeUnless(group, {
      until: NEVER,
      onWait: async () => void told.push('free'),
    });
    const waiting = openProcess(LONG).takeUnless(group, { until: NEVER, onWait: async () => void told.push('taken') });
    await waited(group);

    await free?.release();
    await (await waiting)?.release();

    expect(told).toEqual(['taken']);
  });

  test('gets it although another process takes it again and again', async () => {
    const group = newGroup();
    const busy = openProcess(LONG);
    let isOver = false;
    const again = async () => {
      while (!isOver) await (await busy.take(group)).release();
    };
    const loops = [again(), again()];

    const lease = await openProcess(LONG).take(group);

    isOver = true;
    await lease.release();
    await Promise.all(loops);
  });
});

describe('the holder of a lease', () => {
  afterEach(() => void vi.useRealTimers());

  test('keeps it for as long as it needs', async () => {
    const group = newGroup();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const lease = await openProcess(LONG).take(group);

    for (let renewal = 1; renewal <= 9; renewal += 1) {
      await asking.pexpire(`lease:{${group}}`, LONG / 2);
      vi.advanceTimersByTime(LONG / 3);
      await until('its renewal', async () => (await asking.pttl(`lease:{${group}}`)) > LONG / 2);
      await until('the answer', () => lease.isHeld());
    }

    expect(await asking.exists(`lease:{${group}}`)).toBe(1);
    await lease.release();
    expect(await asking.exists(`lease:{${group}}`)).toBe(0);
  });

  test('notices that another process has it', async () => {
    const group = newGroup();
    const lease = await openProcess(600).take(group);

    await asking.set(`lease:{${group}}`, 'another');

    await until('it is noticed', () => !lease.isHeld());
    await lease.release();
    expect(await asking.get(`lease:{${group}}`)).toBe('another');
  });

  test('treats it as lost when Valkey was silent for too long', async () => {
    const frozen = await startValkey();
    const { host, port } = frozen;
    const lease = await openProcess(LASTS, { host, port, tls: false }).take(newGroup());

    await frozen.kill('SIGSTOP');

    await until('it is noticed', () => !lease.isHeld());
    await frozen.kill('SIGCONT');
    await lease.release();
    await frozen.stop();
  });
});

test('a process whose connection broke before the answer holds the lease and does not wait for itself', async () => {
  const group = newGroup();
  const proxy = await startProxy(stores.config.valkey, 'resp');
  const own = openProcess(LONG, { host: proxy.host, port: proxy.port, tls: false });
  proxy.intercept({
    matches: ([command, , ...rest]) => command?.toLowerCase() === 'eval' && rest.includes(`lease:{${group}}`),
    after() {
      proxy.cut();
      return 'drop';
    },
  });

  const lease = await own.take(group);

  expect(lease.isHeld()).toBe(true);
  expect(Number(await asking.get(`fence:{${group}}`))).toBe(lease.fence);
  await lease.release();
  expect(await asking.exists(`lease:{${group}}`)).toBe(0);
  await proxy.close();
});
