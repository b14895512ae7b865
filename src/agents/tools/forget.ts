import { TimedOutError } from '../../errors.ts';
import type { ForgetTarget } from '../../memory/forget.ts';
import { searchByWords } from '../../memory/recall.ts';
import type { Services } from '../../memory/services.ts';
import { oneLine, truncated } from '../../text.ts';

/** Exactly one of these. */
export interface ForgetRequest {
  readonly query?: string | undefined;
  readonly episode?: string | undefined;
  readonly fact?: string | undefined;
  readonly entity?: string | undefined;
}

const MOST_FOUND = 10;

/**
 * Lists what would be forgotten, or forgets it. A query only lists candidates, so that nothing similar is forgotten by mistake.
 * @param limit milliseconds; longer work continues in the background
 */
export async function forget(
  services: Services,
  group: string,
  target: ForgetRequest,
  isConfirmed: boolean,
  limit: number,
): Promise<string> {
  if (Object.values(target).filter((value) => value !== undefined).length !== 1)
    return 'Give exactly one of query, episode, fact and entity.';
  if (target.query !== undefined) return chooseFrom(services, group, target.query);
  const memory = await import('../../memory/forget.ts');
  try {
    const forgotten = await memory.forget(services, forgetTarget(target), {
      group,
      dryRun: !isConfirmed,
      timeoutMs: limit,
    });
    const lines = [
      ...forgotten.episodes.map(({ uuid, name }) => `- episode ${name} (${uuid})`),
      ...forgotten.facts.map(({ uuid, fact }) => `- fact: ${truncated(fact, 200)} (${uuid})`),
      ...forgotten.entities.map(({ uuid, name }) => `- entity ${name} (${uuid})`),
    ];
    if (lines.length === 0) return 'Nothing in the memory matches.';
    const head = isConfirmed
      ? 'Forgotten:'
      : 'This would be forgotten. Show it to the user, and call again with confirm: true when they agree:';
    const { similar } = forgotten;
    const kept =
      similar.length > 0
        ? [
            'These stay as they are, with a sentence that says this and more:',
            ...similar.slice(0, MOST_FOUND).map(({ uuid, name }) => `- episode ${name} (${uuid})`),
          ]
        : [];
    return [head, ...lines, ...kept].join('\n');
  } catch (error) {
    if (error instanceof TimedOutError && isConfirmed)
      return 'A worker is still forgetting it; memory_search shows when it is done.';
    throw error;
  }
}

function forgetTarget({ episode, fact, entity = '' }: ForgetRequest): ForgetTarget {
  if (episode !== undefined) return { episode };
  return fact === undefined ? { entity } : { fact };
}

async function chooseFrom(services: Services, group: string, query: string): Promise<string> {
  const { facts, passages = [] } = await searchByWords(services, group, query, MOST_FOUND);
  const lines = [
    ...facts.map(({ uuid, fact }) => `- fact ${uuid}: ${truncated(fact, 200)}`),
    ...passages.map(({ episode, excerpt }) => `- episode ${episode.uuid}: ${truncated(oneLine(excerpt), 200)}`),
  ];
  if (lines.length === 0) return 'Nothing in the memory matches.';
  return ['Nothing is forgotten yet. Call again with the fact or episode to forget:', ...lines].join('\n');
}
