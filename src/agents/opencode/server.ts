import * as z from 'zod/mini';
import { loadConfig } from '../../config.ts';
import { isForeseen } from '../../errors.ts';
import { MINUTE } from '../../time.ts';
import { scopeOf } from '../scope.ts';
import { type Kept, keepSummary, keepTurn } from '../store-turn.ts';
import { openBackground } from './background.ts';
import { openCapture } from './capture.ts';
import type { Hooks, HostEvent, HostInput } from './host.ts';
import { openPriming, RECALL_TIMEOUT_MS } from './prime.ts';
import { openRecall } from './recall.ts';
import { noteRecalled, openSessions } from './sessions.ts';
import { openTemplates } from './templates.ts';
import { memoryTools, TOOL_TIMEOUT_MS } from './tools.ts';

const CLOSES_WITHIN = 700;
/** As a package and as a file at once it would do everything twice. */
const RUNNING: unique symbol = Symbol.for('memory-manager/opencode');

const milliseconds = z.number().check(z.int(), z.minimum(1), z.maximum(10 * MINUTE));
const options = z.object({
  group: z.optional(z.string()),
  userGroup: z.optional(z.string()),
  capture: z._default(z.boolean(), true),
  recall: z._default(z.boolean(), true),
  tools: z._default(z.boolean(), true),
  recallTimeoutMs: z._default(milliseconds, RECALL_TIMEOUT_MS),
  toolTimeoutMs: z._default(milliseconds, TOOL_TIMEOUT_MS),
});

/**
 * The memory as a plugin. Whatever happens in here, the host goes on: it gives plugins no time limit and catches nothing, so that
 * every hook does both itself.
 */
export async function server(input: HostInput, given: unknown = {}): Promise<Hooks> {
  if (isOn(process.env.MEMORY_DISABLED)) return {};
  try {
    return hooks(input, given);
  } catch (error) {
    tell(input, isForeseen(error) ? error.message : 'The memory could not start.');
    return {};
  }
}

function hooks(input: HostInput, given: unknown): Hooks {
  const parsed = options.safeParse(given ?? {});
  if (!parsed.success) {
    tell(input, `The plugin's option ${parsed.error.issues[0]?.path.join('.')} cannot be used; the memory is off.`);
    return {};
  }
  const running = runningDirectories();
  const { directory, client } = input;
  if (running.has(directory)) return {};
  const { group, userGroup, capture: captures, recall: recalls, tools, recallTimeoutMs, toolTimeoutMs } = parsed.data;
  const config = loadConfig();
  const scope = scopeOf({ directory, group, userGroup, rootCommit: input.project?.id, environment: process.env });
  running.add(directory);

  const sessions = openSessions();
  const templates = openTemplates();
  let late = 0;
  const onLate = () => {
    late += 1;
    // In powers of two: a busy machine is late often.
    if (Number.isInteger(Math.log2(late)))
      tell(input, `The memory was too late for ${late} of this process's messages; they went on without it.`);
  };
  const recall = openRecall(scope, recallTimeoutMs, onLate);
  const background = openBackground(config, (stores) => recall.warmUp(stores));
  const prime = openPriming(client, background, recall, recallTimeoutMs, onLate);
  const worktree = input.worktree && input.worktree !== '/' ? input.worktree : directory;
  let told = false;
  const kept = (keep: () => Kept | undefined): string | undefined => {
    try {
      const episode = captures ? keep() : undefined;
      if (episode) background.wake();
      return episode?.uuid;
    } catch (error) {
      // Once: a full disk stays full for a while.
      if (!told) tell(input, isForeseen(error) ? error.message : 'A turn could not be kept.');
      told = true;
      return undefined;
    }
  };
  const capture = openCapture(
    sessions,
    worktree,
    {
      turn: (turn) => kept(() => keepTurn(config.home, scope.group, turn, config.spoolLimit)),
      summary: (summary) => kept(() => keepSummary(config.home, scope.group, summary, config.spoolLimit)),
    },
    templates.isIn,
  );
  background.start();

  return {
    ...(captures || recalls
      ? {
          config: harmless(async (config) => templates.read(config)),
          event: harmless(async ({ event }) => capture.happened(event as HostEvent)),
          'chat.message': harmless(async (prompt, output) => {
            const session = sessions.of(prompt.sessionID);
            capture.prompted(prompt, output);
            if (recalls) await prime(session, prompt, output);
          }),
        }
      : {}),
    ...(recalls && {
      'experimental.session.compacting': harmless(async ({ sessionID }, output) => {
        const session = sessions.of(sessionID);
        const known = session.lastRecall ?? recall.atHand();
        if (!known || session.isChild) return;
        // The summary may repeat it.
        noteRecalled(session, known);
        output.context.push(known);
      }),
    }),
    ...(tools && { tool: memoryTools({ config, scope, background, timeoutMs: toolTimeoutMs }) }),
    dispose: harmless(async () => {
      running.delete(directory);
      capture.end();
      await background.close(CLOSES_WITHIN);
    }),
  };
}

function runningDirectories(): Set<string> {
  const shared = globalThis as { [RUNNING]?: Set<string> };
  shared[RUNNING] ??= new Set();
  return shared[RUNNING];
}

/** The host would end the user's turn, or itself. */
function harmless<Given extends unknown[]>(
  hook: (...given: Given) => Promise<void>,
): (...given: Given) => Promise<void> {
  return async (...given) => {
    try {
      await hook(...given);
    } catch {}
  };
}

/** Into the host's own log, without waiting: while plugins are loaded it may not answer. */
function tell({ client }: HostInput, message: string): void {
  setTimeout(() => {
    try {
      client?.app?.log({ body: { service: 'memory-manager', level: 'warn', message } }).catch(() => undefined);
    } catch {}
  }, 0).unref?.();
}

const isOn = (value: string | undefined): boolean => value !== undefined && /^(?:1|true|yes|on)$/i.test(value);
