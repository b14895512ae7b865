import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  ModelBusyError,
  ModelFailedError,
  ModelUnavailableError,
  TextTooLongError,
  UnusableReplyError,
} from '../../../src/errors.ts';
import { admitCall, afterFailure, afterSuccess, type Breaker, CLOSED } from '../../../src/models/circuit-breaker.ts';
import { guardedEmbedder, guardedLanguageModel } from '../../../src/models/guarded-model.ts';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import { openVitalSigns } from '../../../src/telemetry/vital-signs.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';

const away = () => new ModelUnavailableError('The server at x cannot be reached.');
const busy = (retryAfterMs: number | null) => new ModelBusyError('The server at x is busy.', { retryAfterMs });
const episode = { content: 'Harbor uses Redis.', source: 'text', referenceTime: new Date(0) } as const;

/** A model that fails with `failure`, a clock that the test moves, and the recorded calls. */
function story() {
  const told = { now: 1_000_000, asked: 0, failure: undefined as Error | undefined, rowsDropped: 0 };
  const counted: [string, Readonly<Record<string, string>>, number][] = [];
  const metrics: Metrics = { increment: (name, tags = {}, by = 1) => void counted.push([name, tags, by]) };
  const signs = openVitalSigns(() => told.now);
  const tokens = { promptTokens: 1_000_000, completionTokens: 500_000 };
  const model = guardedLanguageModel(
    {
      ...plainModel(),
      async extract() {
        told.asked += 1;
        if (told.failure) throw told.failure;
        const use = { purpose: 'extract', model: 'gpt-4.1-mini', ...tokens, rowsDropped: told.rowsDropped } as const;
        return { entities: [], facts: [], ended: [], use: [use] };
      },
    },
    { signs, metrics, prices: {}, now: () => told.now },
    'gpt-4.1-mini',
  );
  const ask = () =>
    model.extract(episode).then(
      () => 'answered',
      (error: Error) => error,
    );
  const askOften = async (times: number) => {
    for (let time = 0; time < times; time += 1) await ask();
  };
  return { told, counted, signs, model, ask, askOften, breaker: () => signs.read().models['gpt-4.1-mini']?.breaker };
}

describe('a guarded model', () => {
  test('is not called after eight consecutive failures, and callers get its error with the remaining wait', async () => {
    const { told, ask, askOften, breaker } = story();
    told.failure = away();

    await askOften(8);
    told.now += 400;
    const refused = await ask();

    expect(told.asked).toBe(8);
    expect(breaker()).toBe('open');
    expect(refused).toMatchObject({ name: 'ModelUnavailableError', message: told.failure.message, retryAfterMs: 600 });
  });

  test('gets one probe when the wait is over, and all calls after the probe succeeds', async () => {
    const { told, ask, askOften, breaker } = story();
    told.failure = away();
    await askOften(8);
    told.now += SECOND;
    told.failure = undefined;

    const together = await Promise.all([ask(), ask(), ask()]);

    expect(together).toEqual([
      'answered',
      expect.objectContaining({ name: 'ModelUnavailableError' }),
      expect.objectContaining({ name: 'ModelUnavailableError' }),
    ]);
    expect(breaker()).toBe('closed');
    expect(await Promise.all([ask(), ask()])).toEqual(['answered', 'answered']);
  });

  test('that stays unavailable is called less and less often, but at least every 30 seconds', async () => {
    const { told, ask } = story();
    told.failure = away();
    const asked: number[] = [];

    for (const end = told.now + 10 * MINUTE; told.now < end; told.now += 100) {
      const before = told.asked;
      await ask();
      if (told.asked > before) asked.push(told.now);
    }

    const pauses = asked.slice(8).map((at, index) => at - (asked[index + 7] ?? 0));
    expect(pauses.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 30].map((seconds) => seconds * SECOND));
    expect(Math.max(...pauses)).toBe(30 * SECOND);
  });

  test('that says how long to wait is not called earlier, whatever else is in progress', async () => {
    const { told, ask } = story();
    told.failure = busy(3 * MINUTE);
    await ask();

    for (const end = told.now + 3 * MINUTE - 1; told.now < end; told.now += SECOND) await ask();

    expect(told.asked).toBe(1);
    told.now += SECOND;
    told.failure = undefined;
    expect(await ask()).toBe('answered');
  });

  test('that repeatedly asks for minutes of waiting gets at most 5 % more calls', async () => {
    const { told, ask } = story();
    let done = 0;
    let calls = 0;

    // 40 calls go well, then it wants three minutes of rest, ten times; callers come every 50 ms.
    for (let round = 0; round < 10; round += 1) {
      for (let well = 0; well < 40; told.now += 50) {
        if ((await ask()) === 'answered') well += 1;
      }
      done += 40;
      told.failure = busy(3 * MINUTE);
      await ask();
      told.failure = undefined;
      calls = told.asked;
    }

    expect(done).toBe(400);
    expect(calls - done).toBeLessThanOrEqual(0.05 * done);
  });

  test('that fails three calls in ten answers nearly as many callers as without a guard', async () => {
    const { told, ask } = story();
    let state = 7;
    let answers = 0;
    const chance = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };

    for (let call = 0; call < 5000; call += 1) {
      told.failure = chance() < 0.3 ? away() : undefined;
      if ((await ask()) === 'answered') answers += 1;
      told.now += 100;
    }

    expect(answers / 5000).toBeGreaterThan(0.65);
  });

  test.each([
    new UnusableReplyError('No reply.'),
    new ModelFailedError('Odd.'),
    // Also for a 429 that no waiting helps against, because the text needs more tokens than a minute allows.
    new TextTooLongError('The text is too long.'),
    new TypeError('bug'),
  ])('is still called by others however often one text makes it fail: %s', async (failure) => {
    const { told, ask, askOften, breaker } = story();
    told.failure = failure;

    await askOften(50);

    expect(told.asked).toBe(50);
    expect(breaker()).toBe('closed');
    expect(await ask()).toBe(failure);
  });

  test('that rejects the key is no longer called, and the job fails with the same error as a real call', async () => {
    const { told, ask, askOften, signs } = story();
    told.failure = new ConfigError('The key is refused.');

    await askOften(8);

    expect(await ask()).toMatchObject({ name: 'ConfigError', message: 'The key is refused.' });
    expect(told.asked).toBe(8);
    expect(signs.read().models['gpt-4.1-mini']).toMatchObject({ breaker: 'open', ok: 0, failed: 8, failedInARow: 8 });
  });

  test('reports the outcomes, tokens and cost of its calls', async () => {
    const { told, ask, askOften, counted } = story();
    await ask();
    told.failure = busy(null);
    await askOften(2);

    const tags = { model: 'gpt-4.1-mini', purpose: 'extract' };
    expect(counted).toEqual([
      ['opencode.memory.model.calls', { ...tags, outcome: 'ok' }, 1],
      ['opencode.memory.model.tokens', { ...tags, kind: 'prompt' }, 1_000_000],
      ['opencode.memory.model.tokens', { ...tags, kind: 'completion' }, 500_000],
      ['opencode.memory.model.cost', { model: 'gpt-4.1-mini' }, expect.closeTo(1.2)],
      ['opencode.memory.model.calls', { ...tags, outcome: 'failed' }, 1],
      ['opencode.memory.model.calls', { ...tags, outcome: 'refused' }, 1],
    ]);
  });

  test('counts the reply rows that were left out', async () => {
    const { told, ask, counted } = story();
    for (const rowsDropped of [3, 0, 2]) {
      told.rowsDropped = rowsDropped;
      await ask();
    }

    const tags = { model: 'gpt-4.1-mini', purpose: 'extract' };
    expect(counted.filter(([name]) => name === 'opencode.memory.model.rows_dropped')).toEqual([
      ['opencode.memory.model.rows_dropped', tags, 3],
      ['opencode.memory.model.rows_dropped', tags, 2],
    ]);
  });
});

test('a guarded embedder returns the same vectors, passes on their cost, and is guarded the same way', async () => {
  const plain = plainEmbedder();
  const signs = openVitalSigns();
  const noted: number[] = [];
  const embedder = guardedEmbedder(
    {
      ...plain,
      async embed(texts, note) {
        note?.({ purpose: 'embed', model: 'plain-words', promptTokens: 3, completionTokens: 0 });
        if (texts.includes('Redis')) throw busy(MINUTE);
        return plain.embed(texts);
      },
    },
    { signs, metrics: { increment: () => {} }, prices: {} },
  );

  const vectors = await embedder.embed(['Harbor'], ({ promptTokens }) => noted.push(promptTokens));
  await expect(embedder.embed(['Redis'])).rejects.toMatchObject({ name: 'ModelBusyError' });
  await expect(embedder.embed(['Harbor'])).rejects.toMatchObject({
    name: 'ModelBusyError',
    retryAfterMs: expect.any(Number),
  });

  expect(vectors).toEqual(await plain.embed(['Harbor']));
  expect(noted).toEqual([3]);
  expect(signs.read().models['plain-words']).toMatchObject({ breaker: 'open', ok: 1, failed: 1 });
});

describe('the circuit breaker', () => {
  const now = 1000;
  const reason = away();
  const open: Breaker = { state: 'open', until: 5000, openings: 2, reason };
  const halfOpen: Breaker = { state: 'half-open', since: now, openings: 2, reason };

  test.each<[string, Breaker, string, Breaker]>([
    ['closed', CLOSED, 'call', CLOSED],
    ['open, before the deadline', open, 'refused', open],
    ['open, at the deadline', { ...open, until: now }, 'probe', halfOpen],
    ['half open', halfOpen, 'refused', halfOpen],
    ['half open, with a lost probe', { ...halfOpen, since: now - 2 * MINUTE }, 'probe', halfOpen],
  ])('%s: a new call', (_, before, entry, after) => {
    expect(admitCall(before, now)).toMatchObject({ breaker: after, entry: { entry } });
  });

  test.each<[string, Breaker, 'call' | 'probe', Breaker]>([
    ['closed', { state: 'closed', failures: 7 }, 'call', CLOSED],
    ['open, an earlier call', open, 'call', open],
    ['half open, an earlier call', halfOpen, 'call', halfOpen],
    ['half open, the probe', halfOpen, 'probe', CLOSED],
  ])('%s: a success', (_, before, entry, after) => {
    expect(afterSuccess(before, entry)).toEqual(after);
  });

  test.each<[string, Breaker, 'call' | 'probe', Error, object]>([
    ['closed, the first failure', CLOSED, 'call', reason, { state: 'closed', failures: 1 }],
    [
      'closed, the eighth failure',
      { state: 'closed', failures: 7 },
      'call',
      reason,
      { state: 'open', until: 2000, openings: 1 },
    ],
    ['closed, with a Retry-After', CLOSED, 'call', busy(7000), { state: 'open', until: 8000, openings: 1 }],
    ['closed, with an excessive Retry-After', CLOSED, 'call', busy(1e9), { state: 'open', until: now + 10 * MINUTE }],
    ['open, an earlier call', open, 'call', reason, open],
    ['open, with a shorter Retry-After', open, 'call', busy(1), open],
    ['open, with a longer Retry-After', open, 'call', busy(7000), { state: 'open', until: 8000 }],
    ['half open, an earlier call', halfOpen, 'call', reason, halfOpen],
    ['half open, the probe', halfOpen, 'probe', reason, { state: 'open', until: 5000, openings: 3 }],
    ['half open, with a Retry-After', halfOpen, 'call', busy(7000), { state: 'open', until: 8000, openings: 3 }],
  ])('%s: a failure', (_, before, entry, error, after) => {
    expect(afterFailure(before, entry, error, now)).toMatchObject(after);
  });
});
