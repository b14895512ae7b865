import { isPastAgent } from '../agents/past-sessions/history.ts';
import { InvalidInputError } from '../errors.ts';
import type { ImportExample, ImportFormat, ImportResult } from '../memory/import-formats.ts';
import type { MemoryManager } from '../memory.ts';
import { oneLine, truncated } from '../text.ts';
import type { Command, CommandCall } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { count, progressLine } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager import claude-code | codex | opencode
memory-manager import [format] <file or ->

Imports an agent's past sessions on this machine, after showing them and asking, or the data of
another memory ("-" reads standard input). Importing again adds only new data. Formats of files:

  episodes    Graphiti's episodes, as JSON lines or a list: {"content", "name", "source",
              "source_description", "reference_time", "uuid", "group_id", "saga", "metadata"}
  mem0        the result of get_all, or an export of mem0
  mcp-memory  memory.jsonl of the MCP reference memory server, or the result of read_graph

  --project <folder>       sessions: only those of this folder's project, such as "."
  --since <date>           sessions: only turns from then on
  --yes                    sessions: do not ask
  --skip-broken            files: skip invalid parts; otherwise nothing is imported
  --wait                   files: wait until everything is in the graph
  --reference-time <date>  files: the date of data without a date (default: now)
  --timeout <seconds>      files: how long to wait for the facts of each episode (default: 60)
  --dry-run                only print what would be imported
  --group <name>           the memory (default: each project's; files: group_id, else MEMORY_GROUP)
  --json                   print the counts as JSON

Example: memory-manager import claude-code --project . --dry-run`,
  options: {
    project: { type: 'string' },
    since: { type: 'string' },
    yes: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    'skip-broken': { type: 'boolean' },
    wait: { type: 'boolean' },
    'reference-time': { type: 'string' },
    timeout: { type: 'string' },
  },
  arguments: [1, 2],
  run: async (call) => {
    const [agent] = call.args;
    if (isPastAgent(agent)) return (await import('./import-past.ts')).importPastSessions(agent, call);
    return importFile(call);
  },
};

function importFile(call: CommandCall): Promise<number> {
  const unfit = ['project', 'since', 'yes'].find((option) => call.text(option));
  if (unfit) throw new InvalidInputError(`--${unfit} is for past sessions; see memory-manager import --help.`);
  return withMemory(async (memory) => {
    const imported = await importWithProgress(memory, call);
    console.log(call.json ? JSON.stringify(imported) : sentences(imported));
    const [problem] = imported.problems;
    if (problem !== undefined) console.error(`${imported.skipped} skipped; the first: ${problem}`);
    if (imported.failed > 0)
      console.error(`${count(imported.failed, 'episode')} could not be read; the first: ${imported.failure}`);
    if (imported.added > 0 && !call.flag('wait') && (await memory.getWorkerCount('store')) === 0)
      console.error(
        'No worker is running to read them; start one with `memory-manager up` or `memory-manager worker`.',
      );
    const isLost = imported.skipped > 0 && imported.texts + imported.facts === 0;
    return imported.failed > 0 || isLost ? 1 : 0;
  });
}

async function importWithProgress(memory: MemoryManager, call: CommandCall): Promise<ImportResult> {
  const [file = '-', format = 'auto'] = call.args.toReversed();
  const referenceTime = call.time('reference-time');
  const progress = { check: progressLine('Checking'), import: progressLine('Importing') };
  try {
    return await memory.import(format as ImportFormat, file === '-' ? process.stdin : file, {
      ...call.groupOption,
      ...call.timeoutOption,
      ...(referenceTime && { referenceTime }),
      dryRun: call.flag('dry-run'),
      skipBroken: call.flag('skip-broken'),
      wait: call.flag('wait'),
      onProgress: (share, step) => progress[step].show(share),
    });
  } catch (error) {
    if (error instanceof InvalidInputError && error.message.endsWith('Nothing was imported.'))
      error.message += ' With --skip-broken it is skipped.';
    throw error;
  } finally {
    progress.check.end();
  }
}

function sentences({ format, dryRun, texts, facts, added, duplicates, examples }: ImportResult): string {
  const all = texts + facts;
  if (all === 0) return 'The input contains nothing to import.';
  const items = `${count(texts, 'text')} and ${count(facts, 'given fact')} (${format})`;
  if (dryRun) return [`Would import ${items}, such as:`, ...examples.map(line)].join('\n');
  if (added === 0) return `Nothing new: ${items} were imported before.`;
  return `Imported ${items}${duplicates > 0 ? `; ${duplicates} of them were already there` : ''}.`;
}

function line({ content, source, referenceTime, group }: ImportExample): string {
  const time = `${referenceTime.toISOString().slice(0, 19)}Z`;
  return `- ${truncated(oneLine(source === 'fact_triple' ? factOf(content) : content), 80)} (${source}, ${time}, ${group})`;
}

function factOf(content: string): string {
  return (JSON.parse(content) as { fact: string }).fact;
}
