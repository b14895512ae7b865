import * as z from 'zod/mini';
import { loadConfig } from '../../config.ts';
import { isForeseen } from '../../errors.ts';
import { MINUTE } from '../../time.ts';
import { scopeOf } from '../scope.ts';
import { type Spooled, spoolSummary, spoolTurn } from '../store-turn.ts';
import { openBackground } from './background.ts';
import { openCapture } from './capture.ts';
import type { Hooks, HostEvent, HostInput } from './host.ts';
import { openPriming, RECALL_TIMEOUT_MS } from './prime.ts';
import { openRecall } from './recall.ts';
import { noteRecalled, openSessions } from './sessions.ts';
import { openTemplates } from './templates.ts';
import { memoryTools, TOOL_TIMEOUT_MS } from './tools.ts';

const CLOSE_TIMEOUT = 700;
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
export async function server(input: HostInput, pluginOptions: unknown = {}): Promise<Hooks> {
  if (isOn(process.env.MEMORY_DISABLED)) return {};
  try {
    return hooks(input, pluginOptions);
  } catch (error) {
    logToHost(input, isForeseen(error) ? error.message : 'The memory could not start.');
    return {};
  }
}

function hooks(input: HostInput, pluginOptions: unknown): Hooks {
  const parsed = options.safeParse(pluginOptions ?? {});
  if (!parsed.success) {
    logToHost(
      input,
      `The plugin's option ${parsed.error.issues[0]?.path.join('.')} cannot be used; the memory is off.`,
    );
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
      logToHost(input, `The memory was too late for ${late} of this process's messages; they went on without it.`);
  };
  const recall = openRecall(scope, recallTimeoutMs, onLate);
  const background = openBackground(config, (stores) => recall.warmUp(stores));
  const prime = openPriming(client, background, recall, recallTimeoutMs, onLate);
  const worktree = input.worktree && input.worktree !== '/' ? input.worktree : directory;
  let isReported = false;
  const spoolQuietly = (spool: () => Spooled | undefined): string | undefined => {
    try {
      const episode = captures ? spool() : undefined;
      if (episode) background.wake();
      return episode?.uuid;
    } catch (error) {
      // Once: a full disk stays full for a while.
      if (!isReported) logToHost(input, isForeseen(error) ? error.message : 'A turn could not be kept.');
      isReported = true;
      return undefined;
    }
  };
  const capture = openCapture(
    sessions,
    worktree,
    {
      turn: (turn) => spoolQuietly(() => spoolTurn(config.home, scope.group, turn, config.spoolLimit)),
      summary: (summary) => spoolQuietly(() => spoolSummary(config.home, scope.group, summary, config.spoolLimit)),
    },
    templates.isIn,
  );
  background.start();

  return {
    ...(captures || recalls
      ? {
          config: neverThrows(async (config) => templates.read(config)),
          event: neverThrows(async ({ event }) => capture.happened(event as HostEvent)),
          'chat.message': neverThrows(async (prompt, output) => {
            const session = sessions.of(prompt.sessionID);
            capture.prompted(prompt, output);
            if (recalls) await prime(session, prompt, output);
          }),
        }
      : {}),
    ...(recalls && {
      'experimental.session.compacting': neverThrows(async ({ sessionID }, output) => {
        const session = sessions.of(sessionID);
        const recalled = session.lastRecall ?? recall.atHand();
        if (!recalled || session.isChild) return;
        // The summary may repeat it.
        noteRecalled(session, recalled);
        output.context.push(recalled);
      }),
    }),
    ...(tools && { tool: memoryTools({ config, scope, background, timeoutMs: toolTimeoutMs }) }),
    dispose: neverThrows(async () => {
      running.delete(directory);
      capture.end();
      await background.close(CLOSE_TIMEOUT);
    }),
  };
}

function runningDirectories(): Set<string> {
  const shared = globalThis as { [RUNNING]?: Set<string> };
  shared[RUNNING] ??= new Set();
  return shared[RUNNING];
}

/** The host would end the user's turn, or itself. */
function neverThrows<Given extends unknown[]>(
  hook: (...args: Given) => Promise<void>,
): (...args: Given) => Promise<void> {
  return async (...args) => {
    try {
      await hook(...args);
    } catch {}
  };
}

/** Into the host's own log, without waiting: while plugins are loaded it may not answer. */
function logToHost({ client }: HostInput, message: string): void {
  setTimeout(() => {
    try {
      client?.app?.log({ body: { service: 'memory-manager', level: 'warn', message } }).catch(() => undefined);
    } catch {}
  }, 0).unref?.();
}

const isOn = (value: string | undefined): boolean => value !== undefined && /^(?:1|true|yes|on)$/i.test(value);
