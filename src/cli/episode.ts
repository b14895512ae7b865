import type { EpisodeDetails, EpisodeOverview } from '../memory/results.ts';
import { formatPeriod } from '../reader/format.ts';
import { oneLine, truncated } from '../text.ts';
import { day } from '../time.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager episode [uuid or name]

Prints a stored episode, the facts that it states or ended, and the tokens spent on reading it.
The first eight characters of the uuid are enough. Without an argument it lists the latest episodes,
those of latest reference time first.

  --limit <n>     list at most n episodes, 1 to 1,000 (default: 10)
  --group <name>  the memory (default: MEMORY_GROUP)
  --json          {"uuid", "name", "content", "metadata", "facts": […], "use": […], …}

Example: memory-manager episode episode_2026-11-22T08-30-00.123Z`,
  options: { limit: { type: 'string' } },
  arguments: [0, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [name] = call.args;
      if (name === undefined) {
        const limit = call.number('limit', 1, 1000);
        const latest = await memory.episodes.list({ ...call.groupOption, ...(limit !== undefined && { limit }) });
        console.log(call.json ? JSON.stringify(latest) : list(latest));
        return 0;
      }
      const episode = await memory.getEpisode(name, call.groupOption);
      console.log(call.json ? JSON.stringify(episode) : text(episode));
      return 0;
    }),
};

function list(episodes: readonly EpisodeOverview[]): string {
  if (episodes.length === 0) return 'The memory is empty.';
  return episodes
    .map(({ uuid, referenceTime, content }) => `${uuid}  ${day(referenceTime)}  ${truncated(oneLine(content), 120)}`)
    .join('\n');
}

function text({ content, facts, metadata, use, ...episode }: EpisodeDetails): string {
  const from = [`${episode.source} from ${episode.sourceDescription}`, episode.saga && `saga ${episode.saga}`];
  const calls = use.map(
    ({ purpose, model, promptTokens, completionTokens, episodes = 1 }) =>
      `  ${purpose} by ${model}: ${promptTokens} + ${completionTokens} tokens${episodes > 1 ? ` for ${episodes} episodes` : ''}`,
  );
  return [
    `${episode.name}  ${episode.uuid}`,
    `said ${day(episode.referenceTime)}, stored ${day(episode.createdAt)}, ${from.filter(Boolean).join(', ')}`,
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

function bullet({ fact, validAt, invalidAt }: EpisodeDetails['facts'][number]): string {
  const validity = formatPeriod(validAt, invalidAt);
  return `- ${fact}${validity === '' ? '' : ` (${validity})`}`;
}
