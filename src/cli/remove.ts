import type { Removed } from '../upkeep/parts.ts';
import type { Command } from './command.ts';
import { count } from './count.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager remove <uuid or name>

Lets a worker take an episode out of the memory, with the facts and entities that no other episode
speaks of, and says what went. A fact that only this episode had ended holds again.

  --dry-run            only say what would go
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for it (default: 600)
  --json               {"episode", "removedFacts", "keptFacts", "reopenedFacts", "removedEntities"}

Example: memory-manager remove episode_2026-11-22T08-30-00.123Z --dry-run`,
  options: { 'dry-run': { type: 'boolean' }, timeout: { type: 'string' } },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [episode = ''] = call.args;
      const dryRun = call.flag('dry-run');
      const removed = await memory.removeEpisode(episode, {
        dryRun,
        ...(call.group !== undefined && { group: call.group }),
        ...(call.timeout !== undefined && { limit: call.timeout }),
      });
      console.log(call.json ? JSON.stringify(removed) : sentences(episode, removed, dryRun));
      return 0;
    }),
};

function sentences(episode: string, removed: Removed, dryRun: boolean): string {
  const { removedFacts, keptFacts, reopenedFacts, removedEntities } = removed;
  const went = `${count(removedFacts, 'fact')} and ${count(removedEntities, 'entity', 'entities')}`;
  return [
    dryRun ? `With ${episode} would go ${went}.` : `Removed ${episode} with ${went}.`,
    ...(keptFacts > 0 ? [`Kept, since other episodes say so too: ${count(keptFacts, 'fact')}.`] : []),
    ...(reopenedFacts > 0
      ? [`Ended by this episode only, ${dryRun ? 'would hold' : 'holding'} again: ${count(reopenedFacts, 'fact')}.`]
      : []),
  ].join('\n');
}
