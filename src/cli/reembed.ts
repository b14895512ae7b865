import type { ReembedPlan } from '../memory/reembed.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { count } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager reembed

Changes the embedder of a memory to the one that the settings name. A worker with these settings
embeds all texts again and replaces the graph in one step. An interrupted run continues where it
stopped; finished vectors are not paid for again. In the meantime queries with the new settings use
words only, and new episodes wait. \`memory-manager status\` shows the progress.

  --dry-run            only count texts, requests, tokens and dollars (the last two estimated)
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait (default: a day); the worker continues afterwards
  --json               {"group", "texts", "file"}, or with --dry-run the plan

Example: MEMORY_EMBEDDINGS=local memory-manager reembed --dry-run`,
  options: { 'dry-run': { type: 'boolean' }, timeout: { type: 'string' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const group = call.groupOption;
      const plan = await memory.archives.planReembedding({ ...group });
      if (call.flag('dry-run')) {
        console.log(call.json ? JSON.stringify(plan) : planned(plan));
        return 0;
      }
      if (!call.json) console.error(planned(plan));
      const done = await memory.archives.reembed({
        ...group,
        ...call.timeoutOption,
      });
      if (call.json) console.log(JSON.stringify(done));
      else if (done.file !== null)
        console.log(`The vectors of "${done.group}" are now those of ${plan.to.model}; the archive is ${done.file}.`);
      return 0;
    }),
};

function planned({ group, from, to, isDone, texts, requests, tokens, cost }: ReembedPlan): string {
  const name = `${to.model} (${to.dimension} dimensions)`;
  if (isDone) return `The vectors of "${group}" are already those of ${name}.`;
  const dollars = cost === null ? 'unknown price' : `$${cost.toFixed(cost < 1 ? 4 : 2)}`;
  return `From ${from.model ?? 'an unknown embedder'} (${from.dimension} dimensions) to ${name}: ${count(texts, 'text')}, ${count(requests, 'request')}, about ${count(tokens, 'token')}, ${dollars}.`;
}
