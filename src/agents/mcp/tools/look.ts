import * as z from 'zod/mini';
import { count, text, texts } from '../arguments.ts';
import { episode, episodeShape, fact, factShape, LONGEST_CONTENT, node, nodeShape, replyShape } from '../shapes.ts';
import { ASKED_WITHIN, defineTool } from '../tool.ts';

const MOST_EPISODES = 200;
const group = z.optional(text('The memory that it is in'));

export const getEntityEdge = defineTool({
  name: 'get_entity_edge',
  title: 'One fact',
  description: 'Gives one fact by its uuid, also one that holds no more.',
  effect: 'reads',
  input: z.object({ uuid: text('uuid of the fact'), group_id: group }),
  output: z.extend(factShape, { message: z.string() }),
  limit: ASKED_WITHIN,
  async run({ uuid, group_id }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    return { message: 'Fact retrieved successfully', ...fact(await memory.getFact(uuid, { group }), group) };
  },
});

export const getEpisodes = defineTool({
  name: 'get_episodes',
  title: 'Latest episodes',
  description: 'Gives the latest episodes, as they were stored.',
  effect: 'reads',
  input: z.object({
    group_ids: z.optional(texts('The memories to look into')),
    max_episodes: count(MOST_EPISODES, 10, 'At most so many'),
  }),
  output: replyShape({ episodes: z.array(episodeShape) }),
  limit: ASKED_WITHIN,
  async run({ group_ids, max_episodes: limit }, { memory, groups, note }) {
    const found = await Promise.all(
      groups(group_ids).map(async (group) =>
        (await memory.episodes.list({ group, limit })).map((row) => ({ group, row })),
      ),
    );
    const rows = found.flat().sort((a, b) => (a.row.referenceTime < b.row.referenceTime ? 1 : -1));
    const latest = rows.slice(0, limit);
    if (latest.some(({ row }) => row.content.length > LONGEST_CONTENT))
      note(
        `Texts of more than ${LONGEST_CONTENT} characters are cut; memory-manager episode <uuid> prints them whole.`,
      );
    const message = latest.length > 0 ? 'Episodes retrieved successfully' : 'No episodes found';
    return { message, episodes: latest.map(({ group, row }) => episode(row, group)) };
  },
});

export const getEpisodeEntities = defineTool({
  name: 'get_episode_entities',
  title: 'What came of episodes',
  description: 'Gives the entities that some episodes speak of and the facts that they state.',
  effect: 'reads',
  input: z.object({ episode_uuids: texts('uuids of the episodes'), group_id: group }),
  output: replyShape({ nodes: z.array(nodeShape), edges: z.array(factShape) }),
  limit: ASKED_WITHIN,
  async run({ episode_uuids: uuids, group_id }, { memory, group: groupOf }) {
    const group = groupOf(group_id);
    const { entities, facts } = await memory.episodes.getExtracted(uuids, { group });
    return {
      message: `Retrieved provenance for ${uuids.length} episode(s)`,
      nodes: entities.map((entity) => node(entity, group)),
      edges: facts.map((edge) => fact(edge, group)),
    };
  },
});
