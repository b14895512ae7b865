import { exportMessage } from '../archive/export.ts';
import type { Command } from './command.ts';
import { progressLine } from './progress.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager export

Lets a worker write the whole memory of a group as one JSON file into its MEMORY_EXPORT_DIR, and
says which. With its manifest, which is written last, it is an archive: see archive --help.

  --gzip               as .json.gz, less than half as long
  --group <name>       the memory to export (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for it (default: 600)
  --json               {"file", "manifest", "place", "bytes", "sha256", "graphHash",
                       "episodes", "entities", "facts"}

Example: memory-manager export`,
  options: { timeout: { type: 'string' }, gzip: { type: 'boolean' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const progress = progressLine('Exporting');
      try {
        const exported = await memory.export({
          onProgress: progress.show,
          gzip: call.flag('gzip'),
          ...(call.group !== undefined && { group: call.group }),
          ...(call.timeout !== undefined && { limit: call.timeout }),
        });
        progress.end();
        console.log(call.json ? JSON.stringify(exported) : exportMessage(exported));
        return 0;
      } finally {
        progress.end();
      }
    }),
};
