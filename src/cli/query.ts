import { InvalidInputError } from '../errors.ts';
import type { QueryOptions } from '../memory/query.ts';
import { parseTime } from '../time.ts';
import type { Call, Command } from './command.ts';
import { withMemory } from './with-memory.ts';

const KINDS = ['facts', 'entities', 'episodes', 'communities', 'all'] as const;
const RANKERS = ['rrf', 'mmr', 'distance', 'mentions', 'cross-encoder'] as const;

const TEXT = { type: 'string' } as const;
const REPEATED = { type: 'string', multiple: true } as const;

export const command: Command = {
  help: `memory-manager query <search_query>

Searches the memory, best answers first: facts that hold now, and passages that no fact covers.

  --limit <n>          at most n answers, 1 to 100 (default: 5); with --find all, n of each kind
  --as-of <date>       facts that held at this date, e.g. 2025-03-01
  --known-at <date>    facts that were known at this date
  --since, --until     only facts that began to hold at or after, or before this date
  --find <kind>        facts, entities, episodes, communities or all
  --rank <method>      rrf, mmr, distance, mentions or cross-encoder (default: rrf)
  --center <entity>    the entity from which --rank distance measures
  --type <type>        only about entities of this type (--type, --relation, --where: repeatable)
  --relation <name>    only facts with this relation, such as USES
  --from, --to <entity>, --about <entity>  only facts with this source, this target, or either
  --where <key=value>  only from episodes with this metadata
  --budget <tokens>    print one block within this budget, 50 to 100,000: rules, facts, passages
  --min-score <x>      only answers with at least this score
  --after <uuid>       first wait until this stored episode (uuid of store --json) is in the graph
  --no-cache           read from the graph even if the answer is cached
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long --after waits (default: 60)
  --json               {"query", "group", "facts": […], "episodes": […], …}, sources, attributes

Example: memory-manager query "Where does Harbor keep its sessions?" --as-of 2025-03-01`,
  options: {
    limit: TEXT,
    budget: TEXT,
    'as-of': TEXT,
    'known-at': TEXT,
    since: TEXT,
    until: TEXT,
    find: TEXT,
    rank: TEXT,
    center: TEXT,
    from: TEXT,
    to: TEXT,
    about: TEXT,
    'min-score': TEXT,
    after: TEXT,
    timeout: TEXT,
    type: REPEATED,
    relation: REPEATED,
    where: REPEATED,
    'no-cache': { type: 'boolean' },
  },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [query = ''] = call.args;
      const limit = call.number('limit', 1, 100);
      const budgetTokens = call.number('budget', 50, 100_000);
      if (budgetTokens !== undefined && call.json)
        throw new InvalidInputError('--budget prints text and --json prints data; use only one of them.');
      const options = queryOptions(call);
      const after = call.text('after');
      if (after !== undefined)
        await memory.waitFor({ queue: 'store', jobId: after }, call.timeout ? { timeoutMs: call.timeout } : {});
      if (call.json) {
        const found = await memory.search(query, limit ?? 5, options);
        console.log(JSON.stringify({ query, group: call.group ?? memory.config.group, ...found }));
      } else
        console.log(
          await memory.queryMemory(query, limit, { ...options, ...(budgetTokens !== undefined && { budgetTokens }) }),
        );
      return 0;
    }),
};

function queryOptions(call: Call): QueryOptions {
  const find = choice(call, 'find', KINDS);
  const rank = choice(call, 'rank', RANKERS);
  if (rank === 'distance' && call.text('center') === undefined)
    throw new InvalidInputError('--rank distance needs --center, the name of an entity.');
  if (rank !== 'distance' && call.text('center') !== undefined)
    throw new InvalidInputError('--center works only with --rank distance; add --rank distance or remove --center.');
  const [from, before] = [time(call, 'since'), time(call, 'until')];
  if (from && before && from >= before) throw new InvalidInputError('--since must be before --until.');
  const filters = {
    types: list(call, 'type'),
    relations: list(call, 'relation'),
    source: call.text('from'),
    target: call.text('to'),
    about: call.text('about'),
    validAt: from || before ? { from, before } : undefined,
    metadata: metadata(call),
  };
  return {
    group: call.group,
    cache: !call.flag('no-cache'),
    asOf: time(call, 'as-of'),
    knownAt: time(call, 'known-at'),
    find,
    rank,
    center: call.text('center'),
    filters: Object.values(filters).some((filter) => filter !== undefined) ? filters : undefined,
    minScore: decimal(call, 'min-score'),
  };
}

function time(call: Call, option: string): Date | undefined {
  const given = call.text(option);
  return given === undefined ? undefined : parseTime(given, `--${option}`);
}

function choice<const T extends string>(call: Call, option: string, names: readonly T[]): T | undefined {
  const given = call.text(option);
  const known = names.find((name) => name === given);
  if (given === undefined || known) return known;
  throw new InvalidInputError(
    `--${option} must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}, not "${given}".`,
  );
}

function list(call: Call, option: string): readonly string[] | undefined {
  const given = call.list(option);
  if (given.includes('')) throw new InvalidInputError(`--${option} must not be empty.`);
  return given.length > 0 ? given : undefined;
}

function metadata(call: Call): Record<string, string> | undefined {
  const pairs = list(call, 'where')?.map((pair) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined)
      throw new InvalidInputError(`--where must be written key=value, such as file=src/main.ts, not "${pair}".`);
    return [key, value] as const;
  });
  return pairs && Object.fromEntries(pairs);
}

function decimal(call: Call, option: string): number | undefined {
  const given = call.text(option);
  if (given === undefined) return undefined;
  if (given.trim() !== '' && Number.isFinite(Number(given))) return Number(given);
  throw new InvalidInputError(`--${option} must be a number, not "${given}".`);
}
