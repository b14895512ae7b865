import { exportMessage } from '../archive/export.ts';
import { InvalidInputError } from '../errors.ts';
import type { GroupExportResult } from '../memory/exports.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { progressLine } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager export

Exports a memory to one JSON file in the worker's MEMORY_EXPORT_DIR or remote store, and prints
the file name. A worker does this. The file and its manifest form an archive (archive --help).

  --all                export every memory in turn; exit status 1 when one of them failed
  --gzip               write .json.gz, less than half the size
  --group <name>       the memory to export (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for each memory (default: 600)
  --json               {"file", "manifest", "location", "bytes", "sha256", "graphHash",
                       "episodes", "entities", "facts"}; with --all a list of
                       {"group", "exported"} or {"group", "failed"}

Example: memory-manager export`,
  options: { timeout: { type: 'string' }, gzip: { type: 'boolean' }, all: { type: 'boolean' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      if (call.flag('all') && call.group !== undefined)
        throw new InvalidInputError('Give --all or --group, not both; --all exports every memory.');
      const progress = progressLine('Exporting');
      const options = {
        onProgress: progress.show,
        gzip: call.flag('gzip'),
        ...call.timeoutOption,
      };
      try {
        if (call.flag('all')) return printAll(await memory.exportAll(options), call.json, progress.end);
        const exported = await memory.export({ ...options, ...call.groupOption });
        progress.end();
        console.log(call.json ? JSON.stringify(exported) : exportMessage(exported));
        return 0;
      } finally {
        progress.end();
      }
    }),
};

function printAll(results: readonly GroupExportResult[], json: boolean, endProgress: () => void): number {
  endProgress();
  const failed = results.filter((result) => 'failed' in result);
  if (json) console.log(JSON.stringify(results));
  else if (results.length === 0) console.log('There is no memory yet.');
  else
    for (const result of results)
      if ('exported' in result) console.log(`${result.group}: ${exportMessage(result.exported)}`);
  if (!json) for (const { group, failed: reason } of failed) console.error(`${group}: ${reason}`);
  return failed.length > 0 ? 1 : 0;
}
