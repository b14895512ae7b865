import { writeSync } from 'node:fs';
import { callingAgent } from '../agents/hooks/agent-process.ts';
import { type HookEvent, parseHookEvent } from '../agents/hooks/event.ts';
import { answerHook, isMemoryDisabled } from '../agents/hooks/hook.ts';
import { homeFolder } from '../home.ts';
import { SECOND } from '../time.ts';
import { isWorkerListening } from '../worker-socket/ask.ts';
import { AUTO_GROUP } from './auto-group.ts';

// A bundle of its own, with what these events need and nothing else; see rolldown.config.mjs.

/** Limit for reading standard input, for hosts that do not close it. */
const READS_WITHIN = 1 * SECOND;
const MOST_BYTES = 4 * 1024 * 1024;
/** Since the process began. */
const RECALLS_WITHIN = 0.9 * SECOND;

/** After these the agent works on a turn. */
const OPENS_TURN = new Set<HookEvent>(['UserPromptSubmit', 'PreCompact']);

export { isMemoryDisabled };

export interface HookOptions {
  readonly host: string | undefined;
  readonly group: string | undefined;
}

/** The call of a hook as hosts write it; undefined for any other arguments, which `run` parses. */
export function hookCallOf([name = '', ...rest]: readonly string[]):
  | { name: string; options: HookOptions }
  | undefined {
  if (!parseHookEvent(name) || rest.length % 2 === 1) return undefined;
  const options: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) {
    const [option = '', value = ''] = rest.slice(at, at + 2);
    if (!/^--(?:host|group)$/.test(option) || /^-|^$/.test(value)) return undefined;
    options[option.slice(2)] = value;
  }
  const { host, group } = options;
  return { name, options: { host, group: group === AUTO_GROUP ? undefined : group } };
}

/** Handles an event and ends the process. */
export async function handleHookEvent(name: string, { host, group }: HookOptions): Promise<number> {
  const event = parseHookEvent(name);
  // Hosts add new events; an unknown event is not an error.
  if (!event || isMemoryDisabled(process.env)) return 0;
  const { output, spooled, log } = await answerHook({
    event,
    input: await standardInput(),
    host: host ?? 'claude-code',
    group,
    environment: process.env,
    directory: process.cwd(),
    agent: OPENS_TURN.has(event) ? callingAgent(process.argv.slice(2)) : undefined,
    patience: RECALLS_WITHIN - process.uptime() * SECOND,
  });
  // The exit code stays 0, with which hosts show standard error in their logs only.
  if (log !== undefined) writeQuietly(2, `memory-manager: ${log}\n`);
  if (output !== undefined) writeQuietly(1, `${output}\n`);
  if (spooled > 0) await drainUnlessWorkerRuns();
  // A silent server would keep this process running, and the agent waiting.
  process.exit(0);
}

function writeQuietly(stream: 1 | 2, text: string): void {
  try {
    writeSync(stream, text);
  } catch {
    // The host has closed the stream.
  }
}

/** Standard input as text; after the time limit, the part read so far. */
function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    const end = () => resolve(Buffer.concat(chunks).toString('utf8'));
    if (process.stdin.isTTY) return end();
    const timer = setTimeout(end, READS_WITHIN);
    process.stdin.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) end();
    });
    for (const name of ['end', 'error', 'close'])
      process.stdin.on(name, () => {
        clearTimeout(timer);
        end();
      });
  });
}

/** A worker drains the spool of its home every few seconds. */
async function drainUnlessWorkerRuns(): Promise<void> {
  const home = homeFolder(process.env);
  if (await isWorkerListening(home)) return;
  // One of an earlier release, which does not listen.
  const { areAllRunning, readRunningFile } = await import('../supervisor/processes.ts');
  const running = readRunningFile(home);
  if (running && (await areAllRunning(home, running))) return;
  await startDrain();
}

/** Starts this program again, detached from the host, to enqueue the spooled turns. Waits for nothing. */
async function startDrain(): Promise<void> {
  const { spawn } = await import('node:child_process');
  try {
    const args = [...process.execArgv, process.argv[1] ?? '', 'hook', 'drain'];
    const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore', cwd: '/' });
    child.on('error', () => {});
    child.unref();
  } catch {
    // The next process drains the spool.
  }
}
