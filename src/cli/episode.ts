import type { WholeEpisode } from '../memory/episodes.ts';
import { period } from '../reader/format.ts';
import { day } from '../time.ts';
import type { Command } from './command.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager episode <uuid or name>

Prints a stored episode, the facts that it states or ended, and the tokens spent on reading it.

  --group <name>  the memory (default: MEMORY_GROUP)
  --json          {"uuid", "name", "content", "metadata", "facts": […], "use": […], …}

Example: memory-manager episode episode_2026-11-22T08-30-00.123Z`,
  options: {},
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [name = ''] = call.args;
      const episode = await memory.getEpisode(name, call.group === undefined ? {} : { group: call.group });
      console.log(call.json ? JSON.stringify(episode) : text(episode));
      return 0;
    }),
};

function text({ content, facts, metadata, use, ...episode }: WholeEpisode): string {
  const from = [`${episode.source} from ${episode.sourceDescription}`, episode.saga && `saga ${episode.saga}`];
  const calls = use.map(
    ({ purpose, model, promptTokens, completionTokens, episodes = 1 }) =>
      `  ${purpose} by ${model}: ${promptTokens} + ${completionTokens} tokens${episodes > 1 ? ` for ${episodes} episodes` : ''}`,
  );
  return [
    `${episode.name}  ${episode.uuid}`,
    `true ${day(episode.referenceTime)}, stored ${day(episode.createdAt)}, ${from.filter(Boolean).join(', ')}`,
    ...(metadata ? [JSON.stringify(metadata)] : []),
    '',
    content.trimEnd(),
    '',
    ...(facts.length > 0
      ? facts.map(bullet)
      : [episode.committedAt ? 'No facts were found in this episode.' : NOT_YET]),
    ...(calls.length > 0 ? ['Cost:', ...calls] : []),
  ]
    .join('\n')
    .trimEnd();
}

const NOT_YET = 'Its facts are not in the graph yet.';

function bullet({ fact, validAt, invalidAt }: WholeEpisode['facts'][number]): string {
  const validity = period(validAt, invalidAt);
  return `- ${fact}${validity === '' ? '' : ` (${validity})`}`;
}
