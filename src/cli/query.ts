import { InvalidInputError } from '../errors.ts';
import type { QueryOptions } from '../memory/query.ts';
import type { MemoryManager } from '../memory.ts';
import { NOTHING_KNOWN } from '../reader/format.ts';
import { RANKERS, SEARCH_KINDS } from '../search/recipes/recipes.ts';
import type { Command, CommandCall } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

const FINDABLE = [...SEARCH_KINDS, 'all'] as const;
const orList = (names: readonly string[]) => `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

const TEXT = { type: 'string' } as const;
const REPEATED = { type: 'string', multiple: true } as const;

export const command: Command = {
  help: `memory-manager query <search_query>

Searches facts that hold now and passages of stored texts, and prints the best results first.

  --limit <n>          at most n results, 1 to 100 (default: 5); with --find all, n of each kind
  --as-of <date>       what held at this date, e.g. 2025-03-01
  --known-at <date>    what the memory knew at this date
  --since, --until <date>  only facts that began, or texts with a date, in this period
  --find <kind>        ${orList(FINDABLE)}
  --rank <method>      ${orList(RANKERS)} (default: rrf)
  --center <entity>    the entity from which --rank distance measures
  --type <type>        only about entities of this type (repeatable, as --relation and --where)
  --relation <name>    only facts with this relation, such as USES
  --from, --to <entity>, --about <entity>  only facts with this source, this target, or either
  --where <key=value>  only from episodes with this metadata
  --budget <tokens>    print one text for a prompt, 50 to 100,000 tokens: rules, facts, passages
  --min-score <x>      only results with at least this score
  --after <uuid>       first wait until this stored episode (uuid of store --json) is in the graph
  --no-cache           read from the graph even if the answer is cached
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long --after waits (default: 60)
  --json               {"query", "group", "facts": […], "episodes": […], "passages": […], …}

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
      const answer = readQuery(call);
      const after = call.text('after');
      if (after !== undefined) await memory.waitFor({ queue: 'store', jobId: after }, call.timeoutOption);
      const text = await answer(memory);
      console.log(text);
      if (text !== NOTHING_KNOWN) return 0;
      const { hintAtAgentMemory } = await import('./memory/agent-memory.ts');
      const hint = hintAtAgentMemory(call.group ?? memory.config.group);
      if (hint) console.error(hint);
      return 0;
    }),
};

/** A question, which the returned function asks. It returns what is printed. @throws InvalidInputError */
export function readQuery(call: CommandCall): (memory: MemoryManager) => Promise<string> {
  const [query = ''] = call.args;
  const limit = call.number('limit', 1, 100);
  const budgetTokens = call.number('budget', 50, 100_000);
  if (budgetTokens !== undefined && call.json)
    throw new InvalidInputError('--budget prints text and --json prints data; use only one of them.');
  const options = queryOptions(call);
  if (!call.json)
    return (memory) =>
      memory.queryMemory(query, limit, { ...options, ...(budgetTokens !== undefined && { budgetTokens }) });
  return async (memory) => {
    const results = await memory.search(query, limit ?? 5, options);
    return JSON.stringify({ query, group: call.group ?? memory.config.group, ...results });
  };
}

function queryOptions(call: CommandCall): QueryOptions {
  const find = choice(call, 'find', FINDABLE);
  const rank = choice(call, 'rank', RANKERS);
  if (rank === 'distance' && call.text('center') === undefined)
    throw new InvalidInputError('--rank distance needs --center, the name of an entity.');
  if (rank !== 'distance' && call.text('center') !== undefined)
    throw new InvalidInputError('--center works only with --rank distance; add --rank distance or remove --center.');
  const [from, before] = [call.time('since'), call.time('until')];
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
    asOf: call.time('as-of'),
    knownAt: call.time('known-at'),
    find,
    rank,
    center: call.text('center'),
    filters: Object.values(filters).some((filter) => filter !== undefined) ? filters : undefined,
    minScore: decimal(call, 'min-score'),
  };
}

function choice<const T extends string>(call: CommandCall, option: string, names: readonly T[]): T | undefined {
  const value = call.text(option);
  const choice = names.find((name) => name === value);
  if (value === undefined || choice) return choice;
  throw new InvalidInputError(`--${option} must be ${orList(names)}, not "${value}".`);
}

function list(call: CommandCall, option: string): readonly string[] | undefined {
  const values = call.list(option);
  if (values.includes('')) throw new InvalidInputError(`--${option} must not be empty.`);
  return values.length > 0 ? values : undefined;
}

function metadata(call: CommandCall): Record<string, string> | undefined {
  const pairs = list(call, 'where')?.map((pair) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined)
      throw new InvalidInputError(`--where must be written key=value, such as file=src/main.ts, not "${pair}".`);
    return [key, value] as const;
  });
  return pairs && Object.fromEntries(pairs);
}

function decimal(call: CommandCall, option: string): number | undefined {
  const value = call.text(option);
  if (value === undefined) return undefined;
  if (value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw new InvalidInputError(`--${option} must be a number, not "${value}".`);
}
