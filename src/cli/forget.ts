import { InvalidInputError } from '../errors.ts';
import type { ForgetResult, ForgetTarget } from '../memory/forget.ts';
import { oneLine, truncated } from '../text.ts';
import type { Command, CommandCall } from './command.ts';
import { forgetGroup } from './forget-group.ts';
import { withMemory } from './memory/with-memory.ts';
import { count } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager forget episode | fact | entity | query | session <what>
       memory-manager forget --group <name>

Removes content from the graph, caches, queues and journal, and prints what was removed. A worker
does this. Facts that other episodes also state stay. Facts that only the removed content had
ended become current again.

  episode <uuid or name>  an episode, with the facts and entities that no other episode mentions
  fact <uuid>             a fact; the episodes that state it stay
  entity <uuid or name>   an entity with all its facts; the episodes that mention it stay
  query <words>           the facts that a search finds; shown first, forgotten with --yes
  session <name>          all episodes of this saga, or with this "session" in their metadata
  --group <name> alone    the whole memory; shows what it holds, and asks on a terminal

  --dry-run            only print what would be removed
  --with-episodes      for fact, entity and query: also forget the episodes behind the result
  --limit <number>     for query: at most this many facts (default: 10)
  --yes                for query and for a whole memory: forget without asking
  --delete-archives    for a whole memory: also delete its archives
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for the worker (default: 600)
  --json               {"dryRun", "episodes", "facts", "entities", "maskedEpisodes", "keptFacts", …}

Example: memory-manager forget episode episode_2026-11-22T08-30-00.123Z --dry-run`,
  options: {
    'dry-run': { type: 'boolean' },
    'with-episodes': { type: 'boolean' },
    limit: { type: 'string' },
    yes: { type: 'boolean' },
    'delete-archives': { type: 'boolean' },
    timeout: { type: 'string' },
  },
  arguments: [0, 2],
  run: (call) =>
    withMemory(async (memory) => {
      if (call.args.length === 0 && call.group !== undefined) return forgetGroup(memory, call, call.group);
      const target = targetOf(call);
      const isOnlyShown = 'query' in target && !call.flag('yes') && !call.flag('dry-run');
      const forgotten = await memory.forget(target, {
        dryRun: call.flag('dry-run') || isOnlyShown,
        withEpisodes: call.flag('with-episodes'),
        ...call.groupOption,
        ...call.timeoutOption,
      });
      console.log(call.json ? JSON.stringify(forgotten) : sentences(forgotten));
      if (isOnlyShown) console.error('Nothing was forgotten yet; run the command again with --yes.');
      return isOnlyShown ? 1 : 0;
    }),
};

function targetOf(call: CommandCall): ForgetTarget {
  if (call.args.length < 2)
    throw new InvalidInputError(
      'Name what to forget, such as `forget episode <name>`, or a whole memory with --group <name> (see memory-manager forget --help).',
    );
  if (call.flag('delete-archives'))
    throw new InvalidInputError('--delete-archives is only for a whole memory: forget --group <name>.');
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
        `forget takes episode, fact, entity, query or session, not "${kind}" (see memory-manager forget --help).`,
      );
  }
}

const MOST_LINES = 50;

function sentences(forgotten: ForgetResult): string {
  const { dryRun, episodes, facts, entities, maskedEpisodes, similar, keptFacts, reopened, summaries, outsideGraph } =
    forgotten;
  const went = [
    count(episodes.length, 'episode'),
    count(facts.length, 'fact'),
    count(entities.length, 'entity', 'entities'),
  ];
  const lines = [
    ...episodes.map(({ uuid, name }) => `  episode  ${name || uuid}`),
    ...facts.map(({ uuid, fact }) => `  fact     ${truncated(oneLine(fact), 120) || uuid}`),
    ...entities.map(({ uuid, name }) => `  entity   ${truncated(oneLine(name), 120) || uuid}`),
  ];
  const places = [
    [outsideGraph.jobs, 'job'],
    [outsideGraph.spooled, 'spooled episode'],
    [outsideGraph.memos, 'cached model result'],
    [outsideGraph.journal, 'journal entry', 'journal entries'],
    [outsideGraph.cached, 'cached answer'],
  ] as const;
  const counts = places.filter(([number]) => number > 0).map(([number, one, many]) => count(number, one, many));
  return [
    `${dryRun ? 'Would forget' : 'Forgotten'}: ${went[0]}, ${went[1]} and ${went[2]}${lines.length > 0 ? ':' : '.'}`,
    ...lines.slice(0, MOST_LINES),
    ...(lines.length > MOST_LINES ? [`  … and ${lines.length - MOST_LINES} more`] : []),
    ...(keptFacts > 0
      ? [`Kept because other episodes state ${keptFacts === 1 ? 'it' : 'them'} too: ${count(keptFacts, 'fact')}.`]
      : []),
    ...(reopened.length > 0
      ? [
          `${dryRun ? 'Would become' : 'Is'} current again, because only forgotten text had ended it: ${count(reopened.length, 'sentence')}:`,
          ...reopened
            .slice(0, MOST_LINES)
            .map(({ uuid, fact }) => `  again    ${truncated(oneLine(fact), 120) || uuid}`),
          ...(reopened.length > MOST_LINES ? [`  … and ${reopened.length - MOST_LINES} more`] : []),
        ]
      : []),
    ...(summaries > 0 ? [`Summaries ${dryRun ? 'that would be ' : ''}rebuilt or deleted: ${summaries}.`] : []),
    ...(counts.length > 0 ? [`Also removed: ${counts.join(', ')}.`] : []),
    ...(maskedEpisodes.length > 0
      ? [
          `Kept, without the sentences that contain all words of a forgotten fact: ${count(maskedEpisodes.length, 'episode')}; --with-episodes forgets ${maskedEpisodes.length === 1 ? 'it' : 'them'} too.`,
        ]
      : []),
    ...(similar.length > 0
      ? [
          `Not changed: ${count(similar.length, 'episode')} with a longer sentence that contains all words of a forgotten fact:`,
          ...similar.slice(0, MOST_LINES).map(({ uuid, name }) => `  episode  ${name || uuid}`),
          ...(similar.length > MOST_LINES ? [`  … and ${similar.length - MOST_LINES} more`] : []),
        ]
      : []),
    ...(forgotten.archives === 'pending' ? [ARCHIVES_WAIT] : []),
  ].join('\n');
}

const ARCHIVES_WAIT =
  'The location of the archives cannot be reached. Until a worker has recorded this deletion there, restoring an older archive brings the content back.';
