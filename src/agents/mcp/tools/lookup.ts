import * as z from 'zod/mini';
import { timeText } from '../../../time.ts';
import { countArgument, listArgument, textArgument } from '../arguments.ts';
import {
  episodeShape,
  factShape,
  LONGEST_CONTENT,
  nodeShape,
  replyShape,
  toEpisodeReply,
  toFactReply,
  toNodeReply,
} from '../reply-shapes.ts';
import { defineTool, READ_TIMEOUT } from '../tool.ts';

const MOST_EPISODES = 200;
const group = z.optional(textArgument('The memory that contains it'));

export const getEntityEdgeTool = defineTool({
  name: 'get_entity_edge',
  title: 'One fact',
  description: 'Returns one fact by its uuid, including a fact that has ended.',
  effect: 'reads',
  input: z.object({ uuid: textArgument('uuid of the fact'), group_id: group }),
  output: z.extend(factShape, { message: z.string() }),
  limit: READ_TIMEOUT,
  async run({ uuid, group_id }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    return { message: 'Fact retrieved successfully', ...toFactReply(await memory.getFact(uuid, { group }), group) };
  },
});

export const getEpisodesTool = defineTool({
  name: 'get_episodes',
  title: 'Latest episodes',
  description: 'Returns the latest episodes, as they were stored.',
  effect: 'reads',
  input: z.object({
    group_ids: z.optional(listArgument('The memories to read')),
    max_episodes: countArgument(MOST_EPISODES, 10, 'At most this many'),
  }),
  output: replyShape({ episodes: z.array(episodeShape) }),
  limit: READ_TIMEOUT,
  async run({ group_ids, max_episodes: limit }, { memory, groups, note }) {
    const results = await Promise.all(
      groups(group_ids).map(async (group) =>
        (await memory.episodes.list({ group, limit })).map((row) => ({ group, row })),
      ),
    );
    const rows = results
      .flat()
      .sort((a, b) => (timeText(a.row.referenceTime) < timeText(b.row.referenceTime) ? 1 : -1));
    const latest = rows.slice(0, limit);
    if (latest.some(({ row }) => row.content.length > LONGEST_CONTENT))
      note(
        `Texts of more than ${LONGEST_CONTENT} characters are cut; memory-manager episode <uuid> prints them whole.`,
      );
    const message = latest.length > 0 ? 'Episodes retrieved successfully' : 'No episodes found';
    return { message, episodes: latest.map(({ group, row }) => toEpisodeReply(row, group)) };
  },
});

export const getEpisodeEntitiesTool = defineTool({
  name: 'get_episode_entities',
  title: 'Entities and facts of episodes',
  description: 'Returns the entities that the given episodes mention and the facts that they state.',
  effect: 'reads',
  input: z.object({ episode_uuids: listArgument('uuids of the episodes'), group_id: group }),
  output: replyShape({ nodes: z.array(nodeShape), edges: z.array(factShape) }),
  limit: READ_TIMEOUT,
  async run({ episode_uuids: uuids, group_id }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    const { entities, facts } = await memory.episodes.getExtracted(uuids, { group });
    return {
      message: `Retrieved provenance for ${uuids.length} episode(s)`,
      nodes: entities.map((entity) => toNodeReply(entity, group)),
      edges: facts.map((edge) => toFactReply(edge, group)),
    };
  },
});
