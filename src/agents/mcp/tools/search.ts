import * as z from 'zod/mini';
import { DEFAULT_BUDGET } from '../../../briefing/render.ts';
import { InvalidInputError } from '../../../errors.ts';
import { interleave, renderAnswersOrNone } from '../../../memory/answer-block.ts';
import type { QueryOptions } from '../../../memory/query.ts';
import type { PassageHit } from '../../../memory/results.ts';
import { completeExcerpt, NOTHING_KNOWN } from '../../../reader/format.ts';
import { neutralizeTags } from '../../../redaction/neutralize-tags.ts';
import { typeOf } from '../../../search/results.ts';
import { oneLine, truncated } from '../../../text.ts';
import { timeText } from '../../../time.ts';
import { renderAnswerBlock } from '../../tools/search.ts';
import { countArgument, dateArgument, listArgument, parseTimeArgument, textArgument } from '../arguments.ts';
import { factShape, nodeShape, replyShape, toFactReply, toNodeReply } from '../reply-shapes.ts';
import { defineTool, type McpToolCall, READ_TIMEOUT } from '../tool.ts';

const MOST = 100;
const groups = z.optional(listArgument('The memories to search'));
const center = z.optional(textArgument('uuid of an entity; results near this entity come first'));
const times = {
  as_of: z.optional(dateArgument('Facts that held at this time instead of now')),
  known_at: z.optional(dateArgument('Facts that were known at this time instead of now')),
};

export const searchNodesTool = defineTool({
  name: 'search_nodes',
  title: 'Search for entities',
  description:
    'Finds people, projects and things by what is known about them, each with a summary of its current facts.',
  effect: 'reads',
  input: z.object({
    query: textArgument('A few specific words, or a question'),
    group_ids: groups,
    max_nodes: countArgument(MOST, 10, 'At most this many'),
    entity_types: z.optional(listArgument('Only entities of these types')),
    center_node_uuid: center,
    ...times,
  }),
  output: replyShape({ nodes: z.array(nodeShape) }),
  limit: READ_TIMEOUT,
  async run(args, call) {
    const results = await searchGroups(call, args, args.max_nodes, {
      find: 'entities',
      ...(args.entity_types && { filters: { types: args.entity_types } }),
    });
    const nodes = interleave(
      results.map(({ group, entities = [] }) => entities.map((entity) => toNodeReply(entity, group))),
    ).slice(0, args.max_nodes);
    const lines = nodes.map(({ name, labels, summary, uuid }) => nodeLine(name, labels, summary ?? '', uuid));
    const title = 'People, projects and things:';
    call.answer(renderAnswersOrNone([[{ title, share: 1, lines }]], DEFAULT_BUDGET));
    return { message: nodes.length > 0 ? 'Nodes retrieved successfully' : 'No relevant nodes found', nodes };
  },
});

export const searchFactsTool = defineTool({
  name: 'search_memory_facts',
  title: 'Search for facts',
  description:
    'Finds facts that hold now (or held at as_of), each with its period and the episodes that state it. Also returns the passages of episodes that answer best, in their own words.',
  effect: 'reads',
  input: z.object({
    query: textArgument('A few specific words, or a question'),
    group_ids: groups,
    max_facts: countArgument(MOST, 10, 'At most this many'),
    budget_tokens: z.optional(
      z
        .int()
        .check(z.minimum(50), z.maximum(100_000), z.describe('Return one text of at most this many tokens instead')),
    ),
    center_node_uuid: center,
    edge_types: z.optional(listArgument('Only relations with these names, such as WORKS_FOR')),
    valid_at_after: z.optional(dateArgument('Only facts that began at this time or later')),
    valid_at_before: z.optional(dateArgument('Only facts that began at this time or earlier')),
    invalid_at_after: z.optional(dateArgument('Only facts that ended at this time or later')),
    invalid_at_before: z.optional(dateArgument('Only facts that ended at this time or earlier')),
    ...times,
  }),
  output: replyShape({
    facts: z.array(factShape),
    episodes: z.optional(z.array(z.looseObject({ uuid: z.string() }))),
    answer: z.optional(z.string()),
  }),
  limit: READ_TIMEOUT,
  async run(args, call) {
    const filters = {
      ...(args.edge_types && { relations: args.edge_types }),
      ...range('validAt', 'valid_at', args.valid_at_after, args.valid_at_before),
      ...range('invalidAt', 'invalid_at', args.invalid_at_after, args.invalid_at_before),
    };
    // Episodes have neither a relation nor these times.
    const onlyFacts = Object.keys(filters).length > 0 && { find: 'facts' as const, filters };
    // A block shows as much as its budget allows; lists have at most `max_facts` entries of each kind.
    const isBlockOnly = args.budget_tokens !== undefined;
    const budget = args.budget_tokens ?? DEFAULT_BUDGET;
    const [results, briefings] = await Promise.all([
      searchGroups(call, args, isBlockOnly ? MOST_IN_BLOCK : args.max_facts, { ...onlyFacts }),
      openingBriefings(call, args),
    ]);
    const found = results.map((result) => ({ ...result, briefing: briefings.get(result.group) }));
    const answer = renderAnswerBlock(args.query, found, budget, isOfNow(args));
    call.answer(answer);
    if (isBlockOnly) {
      const isKnown = answer !== NOTHING_KNOWN;
      return { message: isKnown ? 'Answer retrieved successfully' : NOTHING_KNOWN, facts: [], answer };
    }
    const facts = interleave(results.map(({ group, facts }) => facts.map((edge) => toFactReply(edge, group)))).slice(
      0,
      args.max_facts,
    );
    const episodes = interleave(
      results.map(({ group, passages = [] }) => passages.map((row) => passage(row, group))),
    ).slice(0, args.max_facts);
    const message = facts.length + episodes.length > 0 ? 'Facts retrieved successfully' : 'No relevant facts found';
    return { message, facts, ...(episodes.length > 0 && { episodes }) };
  },
});

const LONGEST_SUMMARY = 400;

function nodeLine(name: string, labels: readonly string[], summary: string, uuid: string): string {
  const type = typeOf(labels);
  const about = summary === '' ? '' : `: ${truncated(oneLine(summary), LONGEST_SUMMARY)}`;
  return neutralizeTags(`- ${oneLine(name)}${type === 'Entity' ? '' : ` (${type})`}${about} (entity ${uuid})`);
}

/** The same number as for `--budget`. */
const MOST_IN_BLOCK = 30;

const isOfNow = ({ as_of, known_at }: Asked): boolean => as_of === undefined && known_at === undefined;

/** The briefings with the user's rules, by group; empty for an answer about another time, because rules apply only now. */
async function openingBriefings(call: McpToolCall, asked: Asked) {
  const groups = isOfNow(asked) ? call.groups(asked.group_ids) : [];
  const briefings = await Promise.all(groups.map((group) => call.memory.getBriefing({ group }).catch(() => undefined)));
  return new Map(groups.map((group, place) => [group, briefings[place]]));
}

const passage = (row: PassageHit, group: string) => ({
  uuid: row.episode.uuid,
  name: row.episode.name,
  excerpt: completeExcerpt(row),
  headings: row.headings,
  reference_time: timeText(row.referenceTime),
  group_id: group,
});

interface Asked {
  readonly query: string;
  readonly group_ids?: string[] | undefined;
  readonly center_node_uuid?: string | undefined;
  readonly as_of?: string | undefined;
  readonly known_at?: string | undefined;
}

const searchGroups = (call: McpToolCall, args: Asked, limit: number, options: QueryOptions) =>
  askGroups(call, args, options, (query, whole) => call.memory.search(query, limit, whole));

/** The results of each group; with a center, only of the groups that know it. */
async function askGroups<T extends object>(
  call: McpToolCall,
  asked: Asked,
  options: QueryOptions,
  ask: (query: string, options: QueryOptions) => Promise<T>,
) {
  const asOf = parseTimeArgument(asked.as_of, 'as_of');
  const knownAt = parseTimeArgument(asked.known_at, 'known_at');
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
  const fulfilled = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  const failed =
    failures.find((failure) => !(failure instanceof InvalidInputError)) ??
    (fulfilled.length === 0 ? failures[0] : undefined);
  if (failed) throw failed;
  return fulfilled;
}

/** Graphiti's bounds are inclusive, our upper bound is not; times in the graph are exact to the millisecond. */
function range(field: 'validAt' | 'invalidAt', name: string, after: string | undefined, before: string | undefined) {
  const from = parseTimeArgument(after, `${name}_after`);
  const last = parseTimeArgument(before, `${name}_before`);
  if (!from && !last) return {};
  return { [field]: { ...(from && { from }), ...(last && { before: new Date(last.getTime() + 1) }) } };
}
