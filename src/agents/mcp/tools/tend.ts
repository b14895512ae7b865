import * as z from 'zod/mini';
import { text, texts } from '../arguments.ts';
import { replyShape } from '../shapes.ts';
import { DONE_WITHIN, defineTool } from '../tool.ts';

export const summarizeSaga = defineTool({
  name: 'summarize_saga',
  title: 'Summarize a saga',
  description: 'Brings the summary of a chain of episodes, such as a session, up to date and gives it.',
  effect: 'tends',
  input: z.object({
    saga_name: text('Its name, as it was given to add_memory'),
    group_id: z.optional(text('The memory that it is in')),
  }),
  output: replyShape({ uuid: z.string(), name: z.string(), summary: z.string() }),
  limit: DONE_WITHIN,
  async run({ saga_name: name, group_id }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    const { summary } = await memory.sagas.summarize(name, { group, timeoutMs: DONE_WITHIN });
    const { uuid } = await memory.sagas.show(name, { group });
    return { message: `Saga '${name}' summarized successfully`, uuid, name, summary };
  },
});

export const buildCommunities = defineTool({
  name: 'build_communities',
  title: 'Build communities',
  description:
    'Finds which entities have much to do with each other and has each such community told in few sentences. Slow.',
  effect: 'tends',
  input: z.object({ group_ids: z.optional(texts('The memories to do it in')) }),
  output: replyShape({
    community_count: z.number(),
    edge_count: z.number(),
    communities: z.array(
      z.looseObject({ uuid: z.string(), name: z.string(), group_id: z.string(), summary: z.nullable(z.string()) }),
    ),
  }),
  limit: DONE_WITHIN,
  async run({ group_ids }, { memory, groups, group: groupOf }) {
    const each = await Promise.all(
      groups(group_ids ?? [groupOf(undefined)]).map(async (group) => {
        const { members } = await memory.communities.build({ group, timeoutMs: DONE_WITHIN });
        const built = await memory.communities.list({ group });
        return { members, told: built.map(({ uuid, name, summary }) => ({ uuid, name, group_id: group, summary })) };
      }),
    );
    const communities = each.flatMap(({ told: communities }) => communities);
    return {
      message: `Built ${communities.length} communities`,
      community_count: communities.length,
      edge_count: each.reduce((sum, { members }) => sum + members, 0),
      communities,
    };
  },
});
