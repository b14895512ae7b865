import * as z from 'zod/mini';
import { countArgument, textArgument } from '../arguments.ts';
import { briefingLine, replyShape } from '../reply-shapes.ts';
import { defineTool, READ_TIMEOUT } from '../tool.ts';

const line = z.looseObject({ text: z.string(), episode: z.string(), time: z.string(), source: z.string() });
const lines = z.array(line);

export const getBriefingTool = defineTool({
  name: 'get_briefing',
  title: 'Briefing for the start of a session',
  description:
    "Returns the user's standing rules and preferences, open tasks, decisions, facts that hold now, and what the last sessions did. Call it once when a session begins.",
  effect: 'reads',
  input: z.object({
    group_id: z.optional(textArgument('The memory to read')),
    budget: countArgument(20_000, 1_000, 'At most this many tokens'),
  }),
  output: replyShape({
    briefing: z.string(),
    ...{ rules: lines, tasks: lines, decisions: lines, facts: lines, sessions: lines },
    pending_rules: z.number(),
  }),
  limit: READ_TIMEOUT,
  async run({ group_id, budget }, { memory, group: groupOf, answer }) {
    const group = groupOf(group_id);
    const {
      text: briefing,
      tokens: _,
      pending,
      ...parts
    } = await memory.getBriefing({
      group,
      budgetTokens: Math.max(budget, 50),
      deliveredTo: { host: 'mcp' },
    });
    const message = briefing === '' ? 'The memory is empty' : 'Briefing retrieved successfully';
    answer(briefing === '' ? message : briefing);
    // The lists respect the budget too; the rest can be searched.
    const shown = (all: (typeof parts)['rules']) =>
      all.filter(({ episode }) => briefing.includes(episode.slice(0, 8))).map(briefingLine);
    return {
      message,
      briefing,
      ...Object.fromEntries(Object.entries(parts).map(([part, all]) => [part, shown(all)])),
      pending_rules: pending,
    };
  },
});
