import type { Services } from '../../memory/services.ts';
import { oneLine, truncated } from '../../text.ts';
import { day } from '../../time.ts';

/** The latest episodes of a memory, newest first, a line each. */
export async function listLatest(services: Services, group: string, limit: number): Promise<string> {
  const { listLatestEpisodes } = await import('../../memory/episodes.ts');
  const episodes = await listLatestEpisodes(services, { group, limit });
  if (episodes.length === 0) return 'The memory is empty.';
  return episodes
    .map(({ uuid, content, referenceTime }) => `- ${uuid} (${day(referenceTime)}): ${truncated(oneLine(content), 200)}`)
    .join('\n');
}
