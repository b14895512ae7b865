import * as z from 'zod/mini';
import { listArgument, textArgument } from '../arguments.ts';
import { replyShape } from '../reply-shapes.ts';
import { defineTool, TASK_TIMEOUT } from '../tool.ts';

export const summarizeSagaTool = defineTool({
  name: 'summarize_saga',
  title: 'Summarize a saga',
  description: 'Updates the summary of a saga (a chain of episodes, such as a session) and returns it.',
  effect: 'maintains',
  input: z.object({
    saga_name: textArgument('The name of the saga, as given to add_memory'),
    group_id: z.optional(textArgument('The memory that contains it')),
  }),
  output: replyShape({ uuid: z.string(), name: z.string(), summary: z.string() }),
  limit: TASK_TIMEOUT,
  async run({ saga_name: name, group_id }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    const { summary } = await memory.sagas.summarize(name, { group, timeoutMs: TASK_TIMEOUT });
    const { uuid } = await memory.sagas.get(name, { group });
    return { message: `Saga '${name}' summarized successfully`, uuid, name, summary };
  },
});

export const buildCommunitiesTool = defineTool({
  name: 'build_communities',
  title: 'Build communities',
  description:
    'Groups closely related entities into communities and summarizes each community in a few sentences. Slow.',
  effect: 'maintains',
  input: z.object({ group_ids: z.optional(listArgument('The memories to process')) }),
  output: replyShape({
    community_count: z.number(),
    edge_count: z.number(),
    communities: z.array(
      z.looseObject({ uuid: z.string(), name: z.string(), group_id: z.string(), summary: z.nullable(z.string()) }),
    ),
  }),
  limit: TASK_TIMEOUT,
  async run({ group_ids }, { memory, groups, group: groupOf }) {
    const results = await Promise.all(
      groups(group_ids ?? [groupOf(undefined)]).map(async (group) => {
        const { members } = await memory.communities.build({ group, timeoutMs: TASK_TIMEOUT });
        const built = await memory.communities.list({ group });
        return {
          members,
          communities: built.map(({ uuid, name, summary }) => ({ uuid, name, group_id: group, summary })),
        };
      }),
    );
    const communities = results.flatMap((result) => result.communities);
    return {
      message: `Built ${communities.length} communities`,
      community_count: communities.length,
      edge_count: results.reduce((sum, { members }) => sum + members, 0),
      communities,
    };
  },
});
