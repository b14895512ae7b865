import { InvalidInputError } from '../errors.ts';
import type { ImportExample, Imported, ImportFormat } from '../memory/import-formats.ts';
import type { MemoryManager } from '../memory.ts';
import { oneLine, shortened } from '../text.ts';
import { parseTime } from '../time.ts';
import type { Call, Command } from './command.ts';
import { count } from './count.ts';
import { progressLine } from './progress.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager import [format] <file or ->

Imports the data of another memory. "-" reads standard input. The format is detected, or named:

  episodes    Graphiti's episodes, as JSON lines or a list: {"content", "name", "source",
              "source_description", "reference_time", "uuid", "group_id", "saga", "metadata"}
  mem0        the result of get_all, or an export of mem0
  mcp-memory  memory.jsonl of the MCP reference memory server, or the result of read_graph

The whole input is checked before anything is stored. Importing again adds only new data.

  --dry-run                only print what would be imported, with the first examples
  --skip-broken            skip invalid parts of the input
  --wait                   wait until everything is in the graph
  --reference-time <date>  for data without a time of its own (default: now)
  --group <name>           the memory (default: the group_id of an episode, or else MEMORY_GROUP)
  --timeout <seconds>      how long to wait for the facts of each episode (default: 60)
  --json                   print the counts as JSON

Example: memory-manager import ~/.claude/memory.jsonl --dry-run`,
  options: {
    'dry-run': { type: 'boolean' },
    'skip-broken': { type: 'boolean' },
    wait: { type: 'boolean' },
    'reference-time': { type: 'string' },
    timeout: { type: 'string' },
  },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const imported = await importShown(memory, call);
      console.log(call.json ? JSON.stringify(imported) : sentences(imported));
      const [problem] = imported.problems;
      if (problem !== undefined) console.error(`${imported.skipped} skipped; the first: ${problem}`);
      if (imported.failed > 0)
        console.error(`${count(imported.failed, 'episode')} could not be read; the first: ${imported.failure}`);
      if (imported.added > 0 && !call.flag('wait') && (await memory.countWorkers('store')) === 0)
        console.error(
          'No worker is running to read them; start one with `memory-manager up` or `memory-manager worker`.',
        );
      const isLost = imported.skipped > 0 && imported.texts + imported.facts === 0;
      return imported.failed > 0 || isLost ? 1 : 0;
    }),
};

async function importShown(memory: MemoryManager, call: Call): Promise<Imported> {
  const [file = '-', format = 'auto'] = call.args.toReversed();
  const time = call.text('reference-time');
  const progress = { check: progressLine('Checking'), import: progressLine('Importing') };
  try {
    return await memory.import(format as ImportFormat, file === '-' ? process.stdin : file, {
      ...(call.group !== undefined && { group: call.group }),
      ...(call.timeout !== undefined && { timeoutMs: call.timeout }),
      ...(time !== undefined && { referenceTime: parseTime(time, '--reference-time') }),
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

function sentences({ format, dryRun, texts, facts, added, known, examples }: Imported): string {
  const all = texts + facts;
  if (all === 0) return 'The input contains nothing to import.';
  const made = `${count(texts, 'text')} and ${count(facts, 'given fact')} (${format})`;
  if (dryRun) return [`Would import ${made}, such as:`, ...examples.map(line)].join('\n');
  if (added === 0) return `Nothing new: ${made} were imported before.`;
  return `Imported ${made}${known > 0 ? `; ${known} of them were already there` : ''}.`;
}

function line({ content, source, referenceTime, group }: ImportExample): string {
  const time = `${referenceTime.toISOString().slice(0, 19)}Z`;
  return `- ${shortened(oneLine(source === 'fact_triple' ? factOf(content) : content), 80)} (${source}, ${time}, ${group})`;
}

function factOf(content: string): string {
  return (JSON.parse(content) as { fact: string }).fact;
}
