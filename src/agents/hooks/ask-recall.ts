import * as z from 'zod/mini';
import { askWorker } from '../../worker-socket/ask.ts';
import type { Scope } from '../scope.ts';
import type { HookEvent } from './event.ts';
import { lateRecall } from './late-recall.ts';

/** The part of a hook's input that recall needs. */
export interface RecallInput {
  readonly session: string;
  readonly prompt?: string | undefined;
  readonly transcript?: string | undefined;
}

/** What a hook wants to recall. Plain data, which a worker can be sent. */
export interface RecallRequest {
  readonly event: HookEvent;
  readonly host: string;
  readonly input: RecallInput;
  readonly scope: Pick<Scope, 'group' | 'userGroup'>;
  /** True when the session begins, so that the briefings come first. */
  readonly begins: boolean;
  /** Sentences that the agent already has. */
  readonly known: readonly string[];
  /** Episodes of the session itself. */
  readonly own: readonly string[];
}

/** The recalled text for the agent, and its sentences. */
export interface HookRecall {
  readonly context?: string | undefined;
  readonly sentences: readonly string[];
  /** Whether the briefing is included, or the memory has none yet. */
  readonly isBriefed: boolean;
  /** Late or failed recalls, as sentences; empty if all came in time. */
  readonly problems: readonly string[];
  /** Whether something was left out for that reason. */
  readonly isIncomplete: boolean;
  /** `ok` also for a recall that took long but left nothing out. */
  readonly outcome: 'ok' | 'late' | 'failed';
  /** Why something was left out, without content. */
  readonly reason?: string | undefined;
  /** For the log of problems, such as that the cache could not be used. */
  readonly notices: readonly string[];
}

export interface DeliverableRecall extends HookRecall {
  /** How long the user waited for it. */
  readonly tookMs: number;
  /** Records in the memories that the agent got the briefings, without waiting. */
  recordDelivery(): void;
}

const answerShape = z.object({
  context: z.optional(z.string()),
  sentences: z.array(z.string()),
  isBriefed: z.boolean(),
  problems: z.array(z.string()),
  isIncomplete: z.boolean(),
  outcome: z.enum(['ok', 'late', 'failed']),
  reason: z.optional(z.string()),
  notices: z.array(z.string()),
});

/** The kind of question on a worker's socket. */
export const RECALL = 'recall';

/** A recall may use its whole time, and its answer has to arrive before the agent goes on. */
const ARRIVES_WITHIN = 50;

interface RecallOptions {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `performance.now()` at which the agent goes on without recall. */
  readonly deadline: number;
}

/**
 * Asks this home's worker to recall, or recalls in this process, which takes five times as long. Once too little time is left for either,
 * the recall is late, and nothing more is loaded for it.
 */
export async function askRecall(
  request: RecallRequest,
  { home, environment, deadline }: RecallOptions,
): Promise<DeliverableRecall> {
  const began = performance.now();
  const timeLeft = () => deadline - ARRIVES_WITHIN - performance.now();
  const timeoutMs = timeLeft();
  if (timeoutMs <= 0) return lateRecall(request, 0);
  const asked = await askWorker({ home, environment, ask: RECALL, body: { ...request, timeoutMs }, deadline });
  const answer = answerShape.safeParse(asked?.answer).data;
  const tookMs = performance.now() - began;
  if (asked && answer) return { ...answer, tookMs, recordDelivery: asked.delivered };
  if (timeLeft() <= 0) return lateRecall(request, tookMs);
  const { recallHere } = await import('./recall-here.ts');
  const recalled = await recallHere(request, environment, Math.max(0, deadline - performance.now()));
  return { ...recalled, tookMs: tookMs + recalled.tookMs };
}
