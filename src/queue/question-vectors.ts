import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import type { Config } from '../config.ts';
import { parseJson } from '../json.ts';
import type { Embedder } from '../models/embedder.ts';
import { SECOND } from '../time.ts';
import { ensureConnected, failFastConnection } from '../valkey/connections.ts';
import { inNamespace, installationKey } from '../valkey/keys.ts';
import type { PubSub } from '../valkey/pub-sub.ts';
import { withTimeout } from '../with-timeout.ts';

/*
 * An agent's process asks a worker for the vector of a question, since local models would load a hundred megabytes into that process.
 * Question and answer are messages, so that Valkey stores neither. The worker that claims the question first answers.
 */

export interface QuestionVector {
  readonly model: string;
  readonly vector: readonly number[];
}

export interface QuestionVectors {
  /** Undefined when no worker listens, or none answers within `timeoutMs`. @throws StoreUnreachableError and the like */
  ask(question: string, timeoutMs: number): Promise<QuestionVector | undefined>;
  close(): void;
}

const questionShape = z.object({ id: z.uuid(), reply: z.uuid(), text: z.string().check(z.maxLength(2_000)) });
const vectorShape = z.object({ id: z.uuid(), model: z.string(), vector: z.array(z.number()) });

const questionsChannel = (valkey: Redis) => installationKey(valkey, 'embed:questions');
const vectorsChannel = (valkey: Redis, reply: string) => installationKey(valkey, `embed:vectors:${reply}`);

export function openQuestionVectors({ valkey: address, queuePrefix }: Config): QuestionVectors {
  const valkey = inNamespace(failFastConnection(address), queuePrefix);
  const subscriber = failFastConnection(address);
  const reply = randomUUID();
  const waiting = new Map<string, (vector: QuestionVector) => void>();
  let listening: Promise<unknown> | undefined;

  subscriber.on('message', (_channel: string, message: string) => {
    const answer = vectorShape.safeParse(parseJson(message));
    if (answer.success) waiting.get(answer.data.id)?.(answer.data);
  });

  /** Subscribes once; after a reconnection the client subscribes again on its own. */
  async function listen(): Promise<void> {
    await ensureConnected(subscriber, address);
    await subscriber.subscribe(vectorsChannel(valkey, reply));
  }

  async function publish(id: string, text: string): Promise<number> {
    listening ??= listen();
    const heard = listening.catch((error: unknown) => {
      listening = undefined;
      throw error;
    });
    await Promise.all([ensureConnected(valkey, address), heard]);
    return valkey.publish(questionsChannel(valkey), JSON.stringify({ id, reply, text }));
  }

  /** A prompt is asked of several memories at the same time, and embedded once. */
  const running = new Map<string, Promise<QuestionVector | undefined>>();

  async function answerTo(text: string, timeoutMs: number): Promise<QuestionVector | undefined> {
    const id = randomUUID();
    const answered = Promise.withResolvers<QuestionVector | undefined>();
    waiting.set(id, answered.resolve);
    const published = publish(id, text).then((listeners) => {
      // In a cluster only the listeners at one node are counted.
      if (listeners === 0 && !valkey.isCluster) answered.resolve(undefined);
    });
    published.catch(answered.reject);
    try {
      return await withTimeout(timeoutMs, answered.promise, () => undefined);
    } finally {
      waiting.delete(id);
    }
  }

  return {
    ask(text, timeoutMs) {
      const key = `${timeoutMs} ${text}`;
      const answer = running.get(key) ?? answerTo(text, timeoutMs).finally(() => running.delete(key));
      running.set(key, answer);
      return answer;
    },
    close() {
      subscriber.disconnect();
      valkey.disconnect();
    },
  };
}

const CLAIMED_FOR = 5 * SECOND;
/** Questions beyond this number would be answered too late anyway. */
const MOST_AT_ONCE = 16;

/** Embeds agents' questions until it is closed. If that fails or there are too many questions, the agent searches by words only. */
export async function embedQuestions(
  valkey: Redis,
  pubSub: PubSub,
  queuePrefix: string,
  embedder: Embedder,
): Promise<() => void> {
  let running = 0;

  async function answer(message: string | undefined): Promise<void> {
    const question = questionShape.safeParse(parseJson(message ?? ''));
    if (!question.success) return;
    const { id, reply, text } = question.data;
    if ((await valkey.set(`${queuePrefix}:embed:${id}`, '', 'PX', CLAIMED_FOR, 'NX')) === null) return;
    const [vector] = await embedder.embed([text]);
    if (vector)
      await valkey.publish(vectorsChannel(valkey, reply), JSON.stringify({ id, model: embedder.model, vector }));
  }

  return pubSub.listen(questionsChannel(valkey), (message) => {
    if (running >= MOST_AT_ONCE) return;
    running += 1;
    answer(message)
      .catch(() => {})
      .finally(() => {
        running -= 1;
      });
  });
}
