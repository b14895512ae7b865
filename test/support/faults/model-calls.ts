import { episodeIn } from '../fake-openai/answers.ts';
import type { ChatRequest, EmbeddingRequest } from '../fake-openai/protocol.ts';
import type { FakeCall } from '../fake-openai/server.ts';
import type { StoryEpisode } from './story.ts';

/** Calls that read or embedded an episode. Each episode needs one call of each kind. */
export interface CallsSpent {
  readonly needed: number;
  /** Calls for an episode that had been read or embedded before. */
  readonly again: number;
  /** For each episode with calls, by `ownFact`: how often it was read or embedded, the larger number. */
  readonly timesByFact: ReadonlyMap<string, number>;
  /** `again` among `needed`. */
  readonly share: number;
}

/**
 * Counts extractions by the episode's text, and embeddings by the fact that only this episode states. A call counts once the
 * server has received it, even if the caller has gone before the answer.
 */
export function callsSpent(calls: readonly FakeCall[], episodes: readonly StoryEpisode[]): CallsSpent {
  const own = new Set(episodes.map(({ ownFact }) => ownFact));
  const spent = new Map<string, number>();
  for (const call of calls)
    for (const fact of factsOf(call))
      if (own.has(fact)) spent.set(`${call.purpose} ${fact}`, (spent.get(`${call.purpose} ${fact}`) ?? 0) + 1);
  const timesByFact = new Map<string, number>();
  for (const [key, times] of spent) {
    const fact = key.slice(key.indexOf(' ') + 1);
    timesByFact.set(fact, Math.max(timesByFact.get(fact) ?? 0, times));
  }
  const all = [...spent.values()].reduce((sum, times) => sum + times, 0);
  const needed = 2 * own.size;
  return { needed, again: all - spent.size, timesByFact, share: (all - spent.size) / Math.max(needed, 1) };
}

/** The facts in a call. A repair repeats the request. */
function factsOf({ purpose, body }: FakeCall): string[] {
  if (purpose === 'embed') return [(body as EmbeddingRequest).input].flat();
  if (purpose !== 'extract') return [];
  const material = (body as ChatRequest).messages.find(({ role }) => role === 'user')?.content ?? '';
  return episodeIn(material)
    .split('\n')
    .map((line) => line.slice(line.indexOf(': ') + 2));
}
