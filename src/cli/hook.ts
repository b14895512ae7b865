import { writeSync } from 'node:fs';
import type { HookEvent } from '../agents/hooks/event.ts';
import { SECOND } from '../time.ts';
import { AUTO_GROUP, type Command } from './command.ts';

/** Limit for reading standard input, for hosts that do not close it. */
const READS_WITHIN = 1 * SECOND;
const MOST_BYTES = 4 * 1024 * 1024;
/** Since the process began. */
const RECALLS_WITHIN = 0.9 * SECOND;
const DRAINS_WITHIN = 30 * SECOND;

/** After these the agent works on a turn. */
const OPENS_TURN = new Set<HookEvent>(['UserPromptSubmit', 'PreCompact']);

export const command: Command = {
  help: `memory-manager hook <event>

Handles an event of a coding agent. Reads the event as JSON from standard input.
\`memory-manager install claude-code\` and \`install codex\` configure these calls.

  Stop, PreCompact, SessionEnd    stores the turns finished since the last call
  SessionStart, UserPromptSubmit  print the text that the agent gets
  drain                           queues spooled turns, as workers do every few seconds

Hooks never fail. Problems are logged to hooks/problems.log in MEMORY_HOME. Some late recalls are
also reported on standard error, which hosts log. If a recall is left out, the user sees a warning,
once per session.
A MEMORY_HOME that other users can write to is not used; standard error says so.
MEMORY_DISABLED=1 switches hooks off.

  --host <name>   the agent: claude-code (default), codex, or another one with the hooks and
                  transcripts of Claude Code
  --group <name>  the memory to use (default: the project's own)

Example: memory-manager hook Stop --host claude-code`,
  options: { host: { type: 'string' } },
  // Agents show the stderr of a hook to their user after each prompt.
  unknownSettings: 'none',
  arguments: [1, 1],
  // The folder is named by the event.
  readsAuto: true,
  run: async (call) => {
    const { answerHook, isMemoryDisabled } = await import('../agents/hooks/hook.ts');
    const { parseHookEvent } = await import('../agents/hooks/event.ts');
    const [name = ''] = call.args;
    if (isMemoryDisabled(process.env)) return 0;
    if (name === 'drain') return drain();
    const event = parseHookEvent(name);
    // Hosts add new events; an unknown event is not an error.
    if (!event) return 0;
    const { callingAgent } = await import('../agents/hooks/agent-process.ts');
    const { output, spooled, log } = await answerHook({
      event,
      input: await standardInput(),
      host: call.text('host') ?? 'claude-code',
      group: call.group === AUTO_GROUP ? undefined : call.group,
      environment: process.env,
      directory: process.cwd(),
      agent: OPENS_TURN.has(event) ? callingAgent(process.argv.slice(2)) : undefined,
      patience: RECALLS_WITHIN - process.uptime() * SECOND,
    });
    if (log !== undefined) printQuietly(log);
    if (output !== undefined) writeSync(1, `${output}\n`);
    if (spooled > 0) await drainUnlessWorkerRuns();
    // A silent server would keep this process running, and the agent waiting.
    process.exit(0);
  },
};

/** The exit code stays 0, with which hosts show standard error in their logs only. */
function printQuietly(sentence: string): void {
  try {
    writeSync(2, `memory-manager: ${sentence}\n`);
  } catch {
    // The host has closed standard error.
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

/** A worker started by `up` drains the same folder every few seconds. */
async function drainUnlessWorkerRuns(): Promise<void> {
  const [{ homeFolder }, { areAllRunning, readRunningFile }] = await Promise.all([
    import('../home.ts'),
    import('../supervisor/processes.ts'),
  ]);
  const home = homeFolder(process.env);
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

async function drain(): Promise<number> {
  setTimeout(() => process.exit(0), DRAINS_WITHIN).unref();
  const { MemoryManager } = await import('../memory.ts');
  const memory = new MemoryManager({}, { onNotice: () => {} });
  await memory.drainSpool().catch(() => undefined);
  await memory.close();
  return 0;
}
