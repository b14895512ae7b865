import { askByWords } from '../../memory/recall.ts';
import type { Services } from '../../memory/services.ts';
import { bulletList } from '../../reader/format.ts';
import { oneLine, shortened } from '../../text.ts';
import { day } from '../../time.ts';

/** What the memories of these groups tell, best first, each fact once. Where a server makes vectors also by meaning. */
export async function searchAll(
  services: Services,
  groups: readonly string[],
  query: string,
  limit: number,
): Promise<string> {
  const found = await Promise.all(groups.map((group) => askOne(services, group, query, limit)));
  const facts = found.flatMap((answer) => answer.facts);
  const passages = found.flatMap((answer) => answer.passages ?? []);
  const best = [...facts, ...passages].sort((a, b) => b.score - a.score).slice(0, limit);
  const kept = new Set<unknown>(best);
  return bulletList({
    facts: facts.filter((item) => kept.has(item)),
    episodes: [],
    passages: passages.filter((item) => kept.has(item)),
  });
}

/** Local models would load a hundred megabytes into the agent's own process; words do without any. */
async function askOne(services: Services, group: string, query: string, limit: number) {
  if (services.config.embeddings.by !== 'openai') return askByWords(services, group, query, limit);
  const { askFor } = await import('../../memory/query.ts');
  return askFor(services, query, limit, { group }).catch(() => askByWords(services, group, query, limit));
}

export async function list(services: Services, group: string, limit: number): Promise<string> {
  const { askForLatest } = await import('../../memory/episodes.ts');
  const episodes = await askForLatest(services, { group, limit });
  if (episodes.length === 0) return 'The memory is empty.';
  return episodes
    .map(({ uuid, content, referenceTime }) => `- ${uuid} (${day(referenceTime)}): ${shortened(oneLine(content), 200)}`)
    .join('\n');
}
