import * as z from 'zod/mini';
import { loadConfig } from '../../config.ts';
import type { Episode } from '../../episode.ts';
import { isOperationalError } from '../../errors.ts';
import { type AgentOutcome, recordOutcome } from '../../telemetry/agent-outcomes.ts';
import { redactError } from '../../telemetry/redact-error.ts';
import { MINUTE } from '../../time.ts';
import { episodeOfSummary, episodeOfTurn, spoolRedacted } from '../capture/store-turn.ts';
import { type FolderScope, joinSentence, type UnjoinedFolder, unjoinedFolder } from '../joined-folders.ts';
import { scopeOf } from '../scope.ts';
import { openBackgroundMemory } from './background-memory.ts';
import { openCapture } from './capture.ts';
import { openCommandTemplates } from './command-templates.ts';
import type { Hooks, HostEvent, HostInput } from './host.ts';
import { FIRST_RECALL_TIMEOUT_MS, openRecallInjection, RECALL_TIMEOUT_MS } from './inject-recall.ts';
import { addMemoryCommand } from './memory-command.ts';
import { openRecall } from './recall.ts';
import { openTrackedSessions, recordRecalledText } from './sessions.ts';
import { openTurnSpooling } from './spooling.ts';
import { hostTools, TOOL_TIMEOUT_MS } from './tools.ts';

const CLOSE_TIMEOUT = 700;
/** If the plugin is configured both as a package and as a file, only one instance may run; otherwise everything would be stored twice. */
const RUNNING: unique symbol = Symbol.for('memory-manager/opencode');

const milliseconds = z.number().check(z.int(), z.minimum(1), z.maximum(10 * MINUTE));
const options = z.object({
  group: z.optional(z.string()),
  userGroup: z.optional(z.string()),
  capture: z._default(z.boolean(), true),
  recall: z._default(z.boolean(), true),
  tools: z._default(z.boolean(), true),
  recallTimeoutMs: z.optional(milliseconds),
  toolTimeoutMs: z._default(milliseconds, TOOL_TIMEOUT_MS),
});

/**
 * The memory as a plugin. The host sets no time limit for plugins and catches no errors, so every hook does both itself.
 */
export async function server(input: HostInput, pluginOptions: unknown = {}): Promise<Hooks> {
  if (isOn(process.env.MEMORY_DISABLED)) return {};
  try {
    return hooks(input, pluginOptions);
  } catch (error) {
    logToHost(input, isOperationalError(error) ? error.message : 'The memory could not start.');
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
  const { group, userGroup, capture: captures, toolTimeoutMs } = parsed.data;
  const { recallTimeoutMs: timeoutMs = RECALL_TIMEOUT_MS } = parsed.data;
  const timeouts = { timeoutMs, firstTimeoutMs: parsed.data.recallTimeoutMs ?? FIRST_RECALL_TIMEOUT_MS };
  const config = loadConfig();
  const scope = scopeOf({ directory, group, userGroup, rootCommit: input.project?.id, environment: process.env });
  running.add(directory);
  const folder = { home: config.home, scope, directory, environment: process.env };
  const unjoined = unjoinedQuietly(folder);
  if (unjoined) logToHost(input, joinSentence(unjoined));
  const isClosed = unjoined !== undefined;
  const recalls = parsed.data.recall && !isClosed;
  const tools = parsed.data.tools && !isClosed;

  const sessions = openTrackedSessions();
  const templates = openCommandTemplates();
  let late = 0;
  const record = (work: AgentOutcome['work'], outcome: AgentOutcome['outcome'], reason?: string) =>
    recordOutcome(config.home, {
      host: 'opencode',
      group: scope.group,
      directory,
      work,
      outcome,
      ...(reason && { reason }),
    });
  const onLate = () => {
    late += 1;
    record('recall', 'late', 'the memory was too late for the message');
    // Warn at powers of two, because recall is often late on a busy machine.
    if (Number.isInteger(Math.log2(late)))
      logToHost(input, `The memory was too late for ${late} of this process's messages; they went on without it.`);
  };
  const recall = openRecall(scope, onLate);
  const background = openBackgroundMemory(config, (stores) => recall.warmUp(stores));
  const prime = openRecallInjection(client, background, recall, timeouts, onLate, () => record('recall', 'ok'));
  const worktree = input.worktree && input.worktree !== '/' ? input.worktree : directory;
  let isReported = false;
  const onFailure = (error: unknown) => {
    record('capture', 'failed', redactError(error).message);
    // Once: a full disk stays full for a while.
    if (!isReported) logToHost(input, notKept(error));
    isReported = true;
  };
  const onKept = () => {
    if (isClosed) return;
    record('capture', 'ok');
    background.wake();
  };
  const onRecovered = () => {
    isReported = false;
  };
  const spooling = openTurnSpooling(
    (episode) => spoolRedacted(config.home, episode, config.spoolLimit, unjoined?.place),
    {
      onKept,
      onFailure,
      onRecovered,
    },
  );
  const keepQuietly = (make: () => Episode | undefined): string | undefined => {
    if (!captures) return undefined;
    try {
      const episode = make();
      if (episode) spooling.keep(episode);
      return episode?.uuid;
    } catch (error) {
      onFailure(error);
      return undefined;
    }
  };
  const capture = openCapture(
    sessions,
    worktree,
    {
      turn: (turn) => keepQuietly(() => episodeOfTurn(scope.group, turn)),
      summary: (summary) => keepQuietly(() => episodeOfSummary(scope.group, summary)),
    },
    templates.isIn,
  );
  background.start();

  return {
    ...(captures || recalls
      ? {
          config: neverThrows(async (hostConfig) => {
            if (tools) addMemoryCommand(hostConfig);
            templates.read(hostConfig);
          }),
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
        const recalled = session.lastRecall ?? recall.latestBriefings();
        if (!recalled || session.isChild) return;
        // The summary may repeat the recalled text.
        recordRecalledText(session, recalled);
        output.context.push(recalled);
      }),
    }),
    ...(tools && { tool: hostTools({ config, scope, background, timeoutMs: toolTimeoutMs }) }),
    dispose: neverThrows(async () => {
      running.delete(directory);
      capture.end();
      spooling.again();
      await background.close(CLOSE_TIMEOUT);
    }),
  };
}

const notKept = (error: unknown): string =>
  `${isOperationalError(error) ? error.message : 'A turn could not be kept.'} It is tried again while opencode runs; \`memory-manager import opencode\` stores it later.`;

/** If the home is not writable, storing the turns fails too and is reported there. */
function unjoinedQuietly(folder: FolderScope): UnjoinedFolder | undefined {
  try {
    return unjoinedFolder(folder);
  } catch {
    return unjoinedFolder(folder, false);
  }
}

function runningDirectories(): Set<string> {
  const shared = globalThis as { [RUNNING]?: Set<string> };
  shared[RUNNING] ??= new Set();
  return shared[RUNNING];
}

/** An error would make the host end the user's turn or exit. */
function neverThrows<Given extends unknown[]>(
  hook: (...args: Given) => Promise<void>,
): (...args: Given) => Promise<void> {
  return async (...args) => {
    try {
      await hook(...args);
    } catch {}
  };
}

/** Writes to the host's log without waiting, because the host may not answer while it loads plugins. */
function logToHost({ client }: HostInput, message: string): void {
  setTimeout(() => {
    try {
      client?.app?.log({ body: { service: 'memory-manager', level: 'warn', message } }).catch(() => undefined);
    } catch {}
  }, 0).unref?.();
}

const isOn = (value: string | undefined): boolean => value !== undefined && /^(?:1|true|yes|on)$/i.test(value);
