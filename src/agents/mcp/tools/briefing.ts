import * as z from 'zod/mini';
import { count, text } from '../arguments.ts';
import { replyShape } from '../shapes.ts';
import { ASKED_WITHIN, defineTool } from '../tool.ts';

const line = z.looseObject({ text: z.string(), episode: z.string(), time: z.string(), by: z.string() });
const lines = z.array(line);

export const getBriefing = defineTool({
  name: 'get_briefing',
  title: 'What a session should know from the start',
  description:
    "Gives the user's standing rules and preferences, open tasks, decisions, facts that hold now, and what the last sessions did. Call it once when a session begins.",
  effect: 'reads',
  input: z.object({
    group_id: z.optional(text('The memory to ask')),
    budget: count(20_000, 1_000, 'At most so many tokens'),
  }),
  output: replyShape({
    briefing: z.string(),
    ...{ rules: lines, tasks: lines, decisions: lines, facts: lines, sessions: lines },
    pending_rules: z.number(),
  }),
  limit: ASKED_WITHIN,
  async run({ group_id, budget }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    const {
      text: briefing,
      tokens: _,
      pending,
      ...parts
    } = await memory.getBriefing({
      group,
      budget: Math.max(budget, 50),
    });
    const message = briefing === '' ? 'Nothing is remembered yet' : 'Briefing retrieved successfully';
    // Within the budget too: what did not fit is asked for.
    const shown = (all: (typeof parts)['rules']) => all.filter(({ episode }) => briefing.includes(episode.slice(0, 8)));
    return {
      message,
      briefing,
      ...Object.fromEntries(Object.entries(parts).map(([part, all]) => [part, shown(all)])),
      pending_rules: pending,
    };
  },
});
