import type { ReembedPlan } from '../memory/reembed.ts';
import type { Command } from './command.ts';
import { count } from './count.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager reembed

Changes the embedder of a memory to that of these settings: a worker that has them embeds all of
its texts once more and puts a graph with the new vectors in the place of the old one, all at once.
Whatever interrupts it, it goes on where it was, and no text is paid for twice. Meanwhile questions
are answered by words alone, and new episodes wait. \`memory-manager status\` shows how far it is.

  --dry-run            only count texts, requests, tokens and dollars (both estimated)
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for it (default: a day); it goes on afterwards
  --json               {"group", "texts", "file"}, or with --dry-run the plan

Example: MEMORY_EMBEDDINGS=local memory-manager reembed --dry-run`,
  options: { 'dry-run': { type: 'boolean' }, timeout: { type: 'string' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const group = call.group !== undefined && { group: call.group };
      const plan = await memory.archives.planReembedding({ ...group });
      if (call.flag('dry-run')) {
        console.log(call.json ? JSON.stringify(plan) : planned(plan));
        return 0;
      }
      if (!call.json) console.error(planned(plan));
      const done = await memory.archives.reembed({
        ...group,
        ...(call.timeout !== undefined && { limit: call.timeout }),
      });
      if (call.json) console.log(JSON.stringify(done));
      else if (done.file !== null)
        console.log(`The vectors of "${done.group}" are those of ${plan.to.model} now; its archive is ${done.file}.`);
      return 0;
    }),
};

function planned({ group, from, to, isDone, texts, requests, tokens, cost }: ReembedPlan): string {
  const name = `${to.model} (${to.dimension} dimensions)`;
  if (isDone) return `The vectors of "${group}" are those of ${name} already.`;
  const dollars = cost === null ? 'a price that is not known' : `$${cost.toFixed(cost < 1 ? 4 : 2)}`;
  return `From ${from.model ?? 'an embedder of an unknown name'} (${from.dimension} dimensions) to ${name}: ${count(texts, 'text')}, ${count(requests, 'request')}, about ${count(tokens, 'token')}, ${dollars}.`;
}
