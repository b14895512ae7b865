import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { failurePolicy } from '../../../src/errors.ts';
import type { CallLimits } from '../../../src/models/openai/connection.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { SECOND } from '../../../src/time.ts';
import {
  ERROR_CONTENT,
  type FakeOpenAI,
  type FakeOpenAIOptions,
  type Fault,
  type FaultName,
  startFakeOpenAI,
} from '../../support/fake-openai/index.ts';
import { until } from '../../support/wait.ts';
import { embeddingsFor, settingsFor } from './settings.ts';

const FACT = 'Mira Okafor works on Harbor';
const CONTENT = `Mira Okafor [Person] WORKS_ON Harbor [Project]: ${FACT}`;
const EPISODE = { content: CONTENT, source: 'text', referenceTime: new Date(0) } as const;
/** Only for servers that say nothing (more): one that answers may be slow. */
const SHORT = { begin: { begin: 400, think: 400 }, pause: { pause: 400 } } satisfies Record<
  string,
  Partial<CallLimits>
>;

let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
});
beforeEach(() => fake.reset());
afterEach(() => void vi.useRealTimers());
afterAll(() => fake.close());

function modelWith(limits: Partial<CallLimits> = {}, of = 'gpt-4.1-mini') {
  return openaiLanguageModel(settingsFor(fake, { model: of }), { limits });
}
const read = async (model = modelWith()) => (await model.extract(EPISODE)).facts.map(({ fact }) => fact);
const failure = (model = modelWith()) =>
  read(model).then(
    () => new Error('nothing went wrong'),
    (error: Error) => error,
  );

/** The time of the program passes only where the test says so; a machine may be as slow as it likes. */
const holdClock = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
/** Lets so much time pass once the server has heard of the next call, whatever that is. */
async function silenceOf(milliseconds: number, call: () => Promise<unknown>): Promise<unknown> {
  const before = fake.calls.length;
  const outcome = call().catch((error: unknown) => error);
  await until('the call', () => fake.calls.length > before);
  vi.advanceTimersByTime(milliseconds);
  return outcome;
}

describe('an incomplete answer is rejected', () => {
  test.each<[FaultName | Fault, string, RegExp, Partial<CallLimits>?]>([
    ['hang', 'ModelUnavailableError', / did not answer within 0\.4 s\.$/, SHORT.begin],
    ['hang-in-body', 'ModelUnavailableError', / fell silent for 0\.4 s in the middle of its answer\.$/, SHORT.pause],
    ['cut', 'ModelUnavailableError', / broke off in the middle of its answer; it is called again later\.$/],
    ['unfinished', 'ModelFailedError', / stopped in the middle of its answer, without saying why\.$/],
    ['garbage-in-stream', 'ModelFailedError', / gave an answer that is not of OpenAI's protocol; /],
    [
      told({ message: ERROR_CONTENT, type: 'server_error' }),
      'ModelUnavailableError',
      /an internal error \(server_error req_fake\)/,
    ],
    [told({ message: ERROR_CONTENT, code: 502 }), 'ModelUnavailableError', /an internal error \(502\)/],
    [
      { ...told({ message: ERROR_CONTENT, type: 'server_error' }), event: 'error' },
      'ModelUnavailableError',
      /an internal error/,
    ],
    [
      { kind: 'error-in-stream', error: { object: 'error', message: ERROR_CONTENT, code: 500 } },
      'ModelUnavailableError',
      /\(500\)/,
    ],
    [
      told({ message: ERROR_CONTENT, code: 'rate_limit_exceeded' }),
      'ModelBusyError',
      / is busy or asks for fewer calls/,
    ],
    [
      told({ message: ERROR_CONTENT, code: 'insufficient_quota' }),
      'ModelUnavailableError',
      /the account's quota is used up/,
    ],
    [
      told({ message: ERROR_CONTENT, code: 'content_filter' }),
      'UnusableReplyError',
      / refused the text for its content/,
    ],
    [
      told({ message: ERROR_CONTENT, code: 'odd_thing' }),
      'ModelFailedError',
      / refused the request .*\(odd_thing req_fake\)\.$/,
    ],
    [told(ERROR_CONTENT), 'ModelFailedError', / refused the request/],
  ])('%j', async (fault, name, sentence, limits) => {
    fake.fail(fault);
    if (fault === 'hang') holdClock();
    const model = modelWith(limits);

    const error = fault === 'hang' ? await silenceOf(400, () => failure(model)) : await failure(model);

    expect(error).toMatchObject({ name, message: expect.stringMatching(sentence) });
    expect(fake.calls).toHaveLength(1);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/sk-|secret text|Mira/);
  });

  test.each<[FaultName, RegExp, Partial<CallLimits>?]>([
    ['hang-in-body', / did not answer within 0\.4 s\.$/, SHORT.begin],
    ['cut', / broke off in the middle of its answer; it is called again later\.$/],
  ])('also without streaming (%s)', async (fault, sentence, limits) => {
    const old = await startFakeOpenAI({ stream: 'ignore' });
    old.fail(fault);

    const error: Error = await openaiLanguageModel(settingsFor(old), { limits: limits ?? {} })
      .extract(EPISODE)
      .then(
        () => new Error('nothing went wrong'),
        (error: Error) => error,
      );
    await old.close();

    expect(error).toMatchObject({ name: 'ModelUnavailableError', message: expect.stringMatching(sentence) });
  });

  test('and counts an attempt if it never ends, since it is paid for', async () => {
    fake.fail({ kind: 'slow', piece: 50 });

    const error = await failure(modelWith({ whole: 200 }));

    expect(error).toMatchObject({
      name: 'ModelFailedError',
      message: 'The model gpt-4.1-mini did not end its answer within 0.2 s; choose a faster one in MEMORY_LLM_MODEL.',
    });
    expect(failurePolicy(error)).toBe('retry');
  });
});

describe('a complete answer is accepted', () => {
  test.each<FaultName>(['no-done', 'no-finish-reason', 'cut-after-text', 'hang-after-done', 'no-pieces'])(
    'however it ends (%s)',
    async (fault) => {
      fake.fail(fault);

      expect(await read()).toEqual([FACT]);
      expect(fake.calls).toHaveLength(1);
    },
  );

  test('even if it takes longer than the limit for silence', async () => {
    // 13 pieces; one may be ten seconds late.
    fake.fail({ kind: 'slow', piece: SECOND });

    expect(await read(modelWith({ begin: 12 * SECOND, pause: 12 * SECOND }))).toEqual([FACT]);
  });

  test('with its token counts, which arrive in the last chunk', async () => {
    const { use } = await modelWith().extract(EPISODE);
    const [call] = fake.calls;

    expect(call?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(use?.[0]).toMatchObject({ promptTokens: call?.promptTokens, completionTokens: call?.completionTokens });
    expect(call?.completionTokens).toBeGreaterThan(0);
  });
});

describe('a request adapts to the server', () => {
  const ask = async (options: FakeOpenAIOptions) => {
    const other = await startFakeOpenAI(options);
    const model = openaiLanguageModel(settingsFor(other));
    const uses = [await model.extract(EPISODE), await model.extract(EPISODE)].map(({ use }) => use?.[0]);
    await other.close();
    return { uses, sent: other.calls.map(({ body }) => ['stream', 'stream_options'].filter((key) => key in body)) };
  };

  test('a server that refuses token counts in a stream is asked without them', async () => {
    const { uses, sent } = await ask({ streamOptions: false });

    expect(sent).toEqual([['stream', 'stream_options'], ['stream'], ['stream']]);
    expect(uses).toEqual([
      expect.objectContaining({ promptTokens: 0, completionTokens: 0 }),
      expect.objectContaining({ promptTokens: 0, completionTokens: 0 }),
    ]);
  });

  test('a server that refuses to stream is asked for one piece', async () => {
    const { uses, sent } = await ask({ stream: 'refuse' });

    expect(sent).toEqual([['stream', 'stream_options'], [], []]);
    expect(uses[1]?.completionTokens).toBeGreaterThan(0);
  });

  test('a server that ignores the stream option is understood', async () => {
    const { uses, sent } = await ask({ stream: 'ignore' });

    expect(sent).toHaveLength(2);
    expect(uses[1]?.completionTokens).toBeGreaterThan(0);
  });
});

describe('the limit for silence', () => {
  test('is longer for a model that reasons first', async () => {
    const thinking = await startFakeOpenAI({ delay: 300 });
    const limits = { begin: 100 };
    const ask = (model: string) => openaiLanguageModel(settingsFor(thinking, { model }), { limits }).extract(EPISODE);

    await expect(ask('gpt-4.1-mini')).rejects.toMatchObject({ name: 'ModelUnavailableError' });
    await expect(ask('gpt-5-mini')).resolves.toMatchObject({ facts: [{ fact: FACT }] });
    await thinking.close();
  });

  test('doubles for the next call to a slow server, and returns to normal after a quick answer', async () => {
    const limits = { begin: SECOND };
    const model = modelWith(limits);
    const embedder = openaiEmbedder(embeddingsFor(fake), { limits });
    const [extract, embed] = [() => model.extract(EPISODE), () => embedder.embed([FACT])];
    const within = (seconds: number) => ({ message: expect.stringMatching(` within ${seconds} s`) });
    holdClock();

    fake.fail('hang', 'hang');
    expect(await silenceOf(SECOND, extract)).toMatchObject(within(1));
    expect(await silenceOf(2 * SECOND, extract)).toMatchObject(within(2));
    await extract();
    fake.fail('hang');
    expect(await silenceOf(SECOND, extract)).toMatchObject(within(1));

    fake.fail('hang', 'hang');
    expect(await silenceOf(SECOND, embed)).toMatchObject(within(1));
    expect(await silenceOf(2 * SECOND, embed)).toMatchObject(within(2));
  });

  test('does not matter once the model is closed in the middle of its answer', async () => {
    fake.fail('hang-in-body');
    const model = modelWith();
    const reading = failure(model);
    await expect.poll(() => fake.calls[0]?.status).toBe(200);

    await model.close();

    expect(await reading).toMatchObject({
      name: 'ModelUnavailableError',
      message: 'The model gpt-4.1-mini was closed during a call.',
    });
  });
});

function told(error: unknown): Extract<Fault, { kind: 'error-in-stream' }> {
  return { kind: 'error-in-stream', error: { error } };
}
