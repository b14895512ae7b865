import * as z from 'zod/mini';
import { InvalidInputError } from '../../../errors.ts';
import type { QueryOptions } from '../../../memory/query.ts';
import { NOTHING_KNOWN } from '../../../reader/format.ts';
import type { FoundPassage } from '../../../search/found.ts';
import { count, date, text, texts, timeOf } from '../arguments.ts';
import { fact, factShape, node, nodeShape, replyShape } from '../shapes.ts';
import { ASKED_WITHIN, type Call, defineTool } from '../tool.ts';

const MOST = 100;
const groups = z.optional(texts('The memories to search'));
const center = z.optional(text('uuid of an entity; what is near to it comes first'));
const times = {
  as_of: z.optional(date('What held at this time instead of now')),
  known_at: z.optional(date('What was known at this time instead of now')),
};

export const searchNodes = defineTool({
  name: 'search_nodes',
  title: 'Search for entities',
  description: 'Finds people, projects and things by what is known of them, each with a summary of its present facts.',
  effect: 'reads',
  input: z.object({
    query: text('Few specific words, or a question'),
    group_ids: groups,
    max_nodes: count(MOST, 10, 'At most so many'),
    entity_types: z.optional(texts('Only entities of these types')),
    center_node_uuid: center,
    ...times,
  }),
  output: replyShape({ nodes: z.array(nodeShape) }),
  limit: ASKED_WITHIN,
  async run(given, call) {
    const found = await searchGroups(call, given, given.max_nodes, {
      find: 'entities',
      ...(given.entity_types && { filters: { types: given.entity_types } }),
    });
    const nodes = inTurn(
      found.map(({ group, entities = [] }) => entities.map((entity) => node(entity, group))),
      given.max_nodes,
    );
    return { message: nodes.length > 0 ? 'Nodes retrieved successfully' : 'No relevant nodes found', nodes };
  },
});

export const searchFacts = defineTool({
  name: 'search_memory_facts',
  title: 'Search for facts',
  description:
    'Finds facts that hold now (or as_of another time), each with when it held and the episodes that say so. Also gives the passages of episodes that answer best, in their own words.',
  effect: 'reads',
  input: z.object({
    query: text('Few specific words, or a question'),
    group_ids: groups,
    max_facts: count(MOST, 10, 'At most so many'),
    budget_tokens: z.optional(
      z.int().check(z.minimum(50), z.maximum(100_000), z.describe('Gives instead one text of at most so many tokens')),
    ),
    center_node_uuid: center,
    edge_types: z.optional(texts('Only relations of these names, such as WORKS_FOR')),
    valid_at_after: z.optional(date('Only facts that began at this time or later')),
    valid_at_before: z.optional(date('Only facts that began at this time or earlier')),
    invalid_at_after: z.optional(date('Only facts that ended at this time or later')),
    invalid_at_before: z.optional(date('Only facts that ended at this time or earlier')),
    ...times,
  }),
  output: replyShape({
    facts: z.array(factShape),
    episodes: z.optional(z.array(z.looseObject({ uuid: z.string() }))),
    answer: z.optional(z.string()),
  }),
  limit: ASKED_WITHIN,
  async run(given, call) {
    const filters = {
      ...(given.edge_types && { relations: given.edge_types }),
      ...range('validAt', 'valid_at', given.valid_at_after, given.valid_at_before),
      ...range('invalidAt', 'invalid_at', given.invalid_at_after, given.invalid_at_before),
    };
    // Episodes have no relation and no such times.
    const onlyFacts = Object.keys(filters).length > 0 && { find: 'facts' as const, filters };
    if (given.budget_tokens !== undefined) {
      const budget = Math.max(50, Math.floor(given.budget_tokens / call.groups(given.group_ids).length));
      const blocks = await askGroups(call, given, { ...onlyFacts, budgetTokens: budget }, async (query, options) => ({
        text: await call.memory.queryMemory(query, undefined, options),
      }));
      const known = blocks.map(({ text }) => text).filter((text) => text !== NOTHING_KNOWN);
      const answer = known.length > 0 ? known.join('\n') : NOTHING_KNOWN;
      return { message: known.length > 0 ? 'Answer retrieved successfully' : NOTHING_KNOWN, facts: [], answer };
    }
    const found = await searchGroups(call, given, given.max_facts, { ...onlyFacts });
    const facts = inTurn(
      found.map(({ group, facts }) => facts.map((edge) => fact(edge, group))),
      given.max_facts,
    );
    const episodes = inTurn(
      found.map(({ group, passages = [] }) => passages.map((row) => passage(row, group))),
      given.max_facts,
    );
    const message = facts.length + episodes.length > 0 ? 'Facts retrieved successfully' : 'No relevant facts found';
    return { message, facts, ...(episodes.length > 0 && { episodes }) };
  },
});

const passage = ({ episode, excerpt, headings, referenceTime }: FoundPassage, group: string) => ({
  ...{ uuid: episode.uuid, name: episode.name, excerpt, headings, reference_time: referenceTime, group_id: group },
});

interface Asked {
  readonly query: string;
  readonly group_ids?: string[] | undefined;
  readonly center_node_uuid?: string | undefined;
  readonly as_of?: string | undefined;
  readonly known_at?: string | undefined;
}

const searchGroups = (call: Call, asked: Asked, limit: number, options: QueryOptions) =>
  askGroups(call, asked, options, (query, whole) => call.memory.search(query, limit, whole));

/** What each group has; of a centre that only some of them know, those. */
async function askGroups<T extends object>(
  call: Call,
  asked: Asked,
  options: QueryOptions,
  ask: (query: string, options: QueryOptions) => Promise<T>,
) {
  const asOf = timeOf(asked.as_of, 'as_of');
  const knownAt = timeOf(asked.known_at, 'known_at');
  const near = asked.center_node_uuid;
  const whole: QueryOptions = {
    ...options,
    ...(near !== undefined && { find: options.find ?? 'facts', rank: 'distance', center: near }),
    ...(asOf && { asOf }),
    ...(knownAt && { knownAt }),
  };
  const answers = await Promise.allSettled(
    call.groups(asked.group_ids).map(async (group) => ({ group, ...(await ask(asked.query, { ...whole, group })) })),
  );
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  const failed =
    failures.find((failure) => !(failure instanceof InvalidInputError)) ??
    (found.length === 0 ? failures[0] : undefined);
  if (failed) throw failed;
  return found;
}

/** Scores of one search say nothing of another's: the best of each list, then the second of each. */
function inTurn<T>(lists: readonly (readonly T[])[], limit: number): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const rows = Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list.slice(place, place + 1)));
  return rows.flat().slice(0, limit);
}

/** Graphiti's bounds belong to the range, our upper one does not; the graph's times are as exact as a millisecond. */
function range(field: 'validAt' | 'invalidAt', name: string, after: string | undefined, before: string | undefined) {
  const from = timeOf(after, `${name}_after`);
  const last = timeOf(before, `${name}_before`);
  if (!from && !last) return {};
  return { [field]: { ...(from && { from }), ...(last && { before: new Date(last.getTime() + 1) }) } };
}
