import { InvalidInputError } from '../errors.ts';
import type { ForgetTarget, Forgotten } from '../memory/forget.ts';
import { oneLine, shortened } from '../text.ts';
import type { Call, Command } from './command.ts';
import { count } from './count.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager forget episode | fact | entity | query | session <what>

Removes content from the graph, caches, queues and journal, and prints what was removed. A worker
does this. Facts that other episodes also state stay; facts that only this had ended hold again.

  episode <uuid or name>  an episode, with the facts and entities that no other episode mentions
  fact <uuid>             a fact; the episodes that state it stay
  entity <uuid or name>   an entity with all its facts; the episodes that mention it stay
  query <words>           the facts that a search finds; shown first, forgotten with --yes
  session <name>          all episodes of this saga, or with this "session" in their metadata

  --dry-run            only print what would be removed
  --with-episodes      for fact and entity: also forget the episodes that state or mention them
  --limit <number>     for query: at most this many facts (default: 10)
  --yes                for query: forget the found facts without showing them first
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for the worker (default: 600)
  --json               {"dryRun", "episodes", "facts", "entities", "telling", "keptFacts", …}

Example: memory-manager forget episode episode_2026-11-22T08-30-00.123Z --dry-run`,
  options: {
    'dry-run': { type: 'boolean' },
    'with-episodes': { type: 'boolean' },
    limit: { type: 'string' },
    yes: { type: 'boolean' },
    timeout: { type: 'string' },
  },
  arguments: [2, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const target = targetOf(call);
      const isOnlyShown = 'query' in target && !call.flag('yes') && !call.flag('dry-run');
      const forgotten = await memory.forget(target, {
        dryRun: call.flag('dry-run') || isOnlyShown,
        withEpisodes: call.flag('with-episodes'),
        ...(call.group !== undefined && { group: call.group }),
        ...(call.timeout !== undefined && { timeoutMs: call.timeout }),
      });
      console.log(call.json ? JSON.stringify(forgotten) : sentences(forgotten));
      if (isOnlyShown) console.error('Nothing was forgotten yet; run the command again with --yes.');
      return isOnlyShown ? 1 : 0;
    }),
};

function targetOf(call: Call): ForgetTarget {
  const [kind = '', what = ''] = call.args;
  switch (kind) {
    case 'episode':
      return { episode: what };
    case 'fact':
      return { fact: what };
    case 'entity':
      return { entity: what };
    case 'query':
      return { query: what, limit: call.number('limit', 1, 100) };
    case 'session':
      return { session: what };
    default:
      throw new InvalidInputError(
        `forget cannot forget "${kind}"; use episode, fact, entity, query or session (see memory-manager forget --help).`,
      );
  }
}

const MOST_LINES = 50;

function sentences(forgotten: Forgotten): string {
  const { dryRun, episodes, facts, entities, telling, keptFacts, reopenedFacts, summaries, elsewhere } = forgotten;
  const went = [
    count(episodes.length, 'episode'),
    count(facts.length, 'fact'),
    count(entities.length, 'entity', 'entities'),
  ];
  const lines = [
    ...episodes.map(({ uuid, name }) => `  episode  ${name || uuid}`),
    ...facts.map(({ uuid, fact }) => `  fact     ${shortened(oneLine(fact), 120) || uuid}`),
    ...entities.map(({ uuid, name }) => `  entity   ${shortened(oneLine(name), 120) || uuid}`),
  ];
  const places = [
    [elsewhere.jobs, 'job'],
    [elsewhere.spooled, 'spooled episode'],
    [elsewhere.memos, 'cached model result'],
    [elsewhere.journal, 'journal entry', 'journal entries'],
    [elsewhere.cached, 'cached answer'],
  ] as const;
  const found = places.filter(([number]) => number > 0).map(([number, one, many]) => count(number, one, many));
  return [
    `${dryRun ? 'Would forget' : 'Forgotten'}: ${went[0]}, ${went[1]} and ${went[2]}${lines.length > 0 ? ':' : '.'}`,
    ...lines.slice(0, MOST_LINES),
    ...(lines.length > MOST_LINES ? [`  … and ${lines.length - MOST_LINES} more`] : []),
    ...(keptFacts > 0
      ? [`Kept because other episodes state ${keptFacts === 1 ? 'it' : 'them'} too: ${count(keptFacts, 'fact')}.`]
      : []),
    ...(reopenedFacts > 0
      ? [
          `${dryRun ? 'Would hold' : 'Holding'} again, since only this had ended ${reopenedFacts === 1 ? 'it' : 'them'}: ${count(reopenedFacts, 'fact')}.`,
        ]
      : []),
    ...(summaries > 0 ? [`Summaries ${dryRun ? 'that would be ' : ''}rebuilt or deleted: ${summaries}.`] : []),
    ...(found.length > 0 ? [`Also removed: ${found.join(', ')}.`] : []),
    ...(telling.length > 0
      ? [
          `Still stated by ${count(telling.length, 'episode')}; --with-episodes forgets ${telling.length === 1 ? 'it' : 'them'} too.`,
        ]
      : []),
    ...(forgotten.archives === 'waits' ? [ARCHIVES_WAIT] : []),
  ].join('\n');
}

const ARCHIVES_WAIT =
  'The place for archives cannot be reached. Until a worker has recorded this there, restoring an older archive brings the content back.';
