import { withTimeout } from '../../../with-timeout.ts';
import type { Hooks } from '../host.ts';
import { server } from '../plugin-hooks.ts';
import { hasCommand, readCommands, registeredMemoryCommand } from './commands.ts';
import { openEventTranslator } from './events.ts';
import { followEvents } from './follow-events.ts';
import type { PluginContext, PluginLocation, PromptEvent, Registration, RequestEvent, ServiceEvent } from './host.ts';
import { openRecalledTextStore } from './recalled-text.ts';
import { isIgnoredSession, openSessionInfos, type SessionInfos } from './session-info.ts';
import { toHostInput, toPluginTool, toPromptOutput } from './version1-shapes.ts';

/** Limit for the host's answer to the question which session a message belongs to. */
const LOOKUP_TIMEOUT = 100;
/** The running plugin of each folder: a host that loads the plugin again may end the former one later. */
const RUNNING: unique symbol = Symbol.for('memory-manager/opencode-2');

type Close = () => Promise<void>;
type Log = (message: string) => void;

/**
 * The plugin in OpenCode 2: the hooks of opencode 1, called with translated events.
 * @returns what ends it; undefined where it does not run
 */
export const setup = (context: unknown): Promise<Close | undefined> => setupWith(context, logToHost);

export async function setupWith(context: unknown, log: Log): Promise<Close | undefined> {
  if (!hasSessions(context)) return undefined;
  try {
    return await start(context, log);
  } catch {
    log('The memory could not start.');
    return undefined;
  }
}

/** opencode 1.18 calls `setup` as well as `server`, with a context that has no sessions. There `server` does all the work. */
function hasSessions(context: unknown): context is PluginContext {
  const { session, event } = (context ?? {}) as Partial<PluginContext>;
  return typeof session?.hook === 'function' && typeof event?.subscribe === 'function';
}

async function start(context: PluginContext, log: Log): Promise<Close | undefined> {
  const { location } = context;
  // The host is a service for many folders, so the folder it runs in says nothing.
  if (!location) {
    log('This release of OpenCode does not say which folder a session is in; the memory is off.');
    return undefined;
  }
  const running = runningPlugins();
  await running.get(location.directory)?.();
  const infos = openSessionInfos(context);
  const hooks = await server(toHostInput(context, location, infos, log), context.options ?? {});
  if (!hooks.dispose) return undefined;
  const disconnect = await connect(context, location, hooks, infos).catch(async (error) => {
    await hooks.dispose?.();
    throw error;
  });
  const close = async () => {
    if (running.get(location.directory) === close) running.delete(location.directory);
    await disconnect();
    await hooks.dispose?.();
  };
  running.set(location.directory, close);
  return close;
}

async function connect(
  context: PluginContext,
  { directory }: PluginLocation,
  hooks: Hooks,
  infos: SessionInfos,
): Promise<Close> {
  const translation = openEventTranslator();
  const recalled = openRecalledTextStore();
  let isClosed = false;

  async function prompted(event: PromptEvent): Promise<void> {
    const { sessionID, messageID } = event;
    if (isClosed || !(await isOurs(sessionID))) return;
    translation.prompted(sessionID, messageID);
    await hooks.config?.(readCommands(directory, process.env));
    const output = toPromptOutput(event);
    const given = output.parts.length;
    await hooks['chat.message']?.({ sessionID, messageID }, output);
    const added = output.parts.slice(given).map(({ text = '' }) => text);
    if (added.length > 0) recalled.keep(event, added.join('\n\n'));
  }

  /** An answer that comes too late for the message still keeps the session's turns out. */
  async function isOurs(session: string): Promise<boolean> {
    let isOut = false;
    const lookup = infos.of(session).then(async (info) => {
      isOut = info !== undefined && isIgnoredSession(info, directory);
      if (!isOut) return;
      translation.leaveOut(session);
      const properties = { info: { id: session, parentID: info?.parentID ?? session } };
      await hooks.event?.({ event: { type: 'session.created', properties } });
    });
    await withTimeout(LOOKUP_TIMEOUT, lookup, () => undefined);
    return !isOut;
  }

  async function compacting(event: RequestEvent): Promise<void> {
    if (isClosed || recalled.putInto(event) || !(await isOurs(event.sessionID))) return;
    const output = { context: [] as string[] };
    await hooks['experimental.session.compacting']?.({ sessionID: event.sessionID }, output);
    for (const text of output.context) event.system.push({ type: 'text', text });
  }

  async function happened(event: ServiceEvent): Promise<void> {
    if (event.type === 'session.moved' || event.type === 'session.deleted') infos.forget(event.data?.sessionID ?? '');
    for (const translated of translation.translated(event)) await hooks.event?.({ event: translated });
  }

  const registrations: (Registration | undefined)[] = [
    await context.session.hook('prompt', quietly(prompted)),
    await context.session.hook(
      'context',
      quietly(async (event) => void recalled.putInto(event)),
    ),
    await context.session.hook('compaction', quietly(compacting)),
    await context.tool?.transform((tools) => {
      for (const [name, tool] of Object.entries(hooks.tool ?? {})) tools.add(toPluginTool(name, tool));
    }),
    // The command asks the agent to call the tools.
    hooks.tool && !hasCommand(readCommands(directory, process.env), 'memory')
      ? await context.command?.transform?.((commands) => commands.add(registeredMemoryCommand(context)))
      : undefined,
  ];
  const endEvents = followEvents(context, quietly(happened));

  return async () => {
    isClosed = true;
    endEvents();
    const dispose = quietly(async (registration: Registration | undefined) => registration?.dispose?.());
    for (const registration of registrations) await dispose(registration);
  };
}

/** A failing hook would make the host's operation fail. */
function quietly<Given>(work: (given: Given) => Promise<void>): (given: Given) => Promise<void> {
  return async (given) => {
    try {
      await work(given);
    } catch {}
  };
}

function runningPlugins(): Map<string, Close> {
  const shared = globalThis as { [RUNNING]?: Map<string, Close> };
  shared[RUNNING] ??= new Map();
  return shared[RUNNING];
}

/** A plugin's output goes to the log of the host, which runs as a service. */
function logToHost(message: string): void {
  process.stderr.write(`memory-manager: ${message}\n`);
}
