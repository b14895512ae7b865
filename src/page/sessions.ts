import { InvalidInputError } from '../errors.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import type { EpisodeDetails } from '../memory/results.ts';
import type { MemoryManager } from '../memory.ts';
import { costOf } from '../models/prices.ts';
import { statedFact } from '../queue/first-words.ts';
import { oneLine, truncated } from '../text.ts';
import type { PageContext } from './handlers.ts';
import { type Cost, OPERATION_LIMITS, type Redaction } from './operation-shapes.ts';
import { preview } from './preview.ts';
import { type RulesInForce, readRules } from './rules.ts';
import type { CallInput } from './schemas.ts';
import { waitOf } from './waits.ts';

const AT_ONCE = 4;
/** Number of latest episodes that sessions take their preview from. */
const PREVIEWED = 100;
/** Facts of a turn in its session. The episode's own screen has all. */
const FACTS = 20;

/** Sessions with agents, and other sagas. */
export async function readSessions({ memory }: PageContext, { group }: CallInput<'sessions'>) {
  const [sessions, latest] = await Promise.all([
    memory.sagas.list({ group }),
    memory.episodes.list({ group, limit: PREVIEWED }),
  ]);
  const previews = new Map(latest.reverse().map(({ metadata, content }) => [metadata?.session, content]));
  return {
    sessions: sessions.slice(0, OPERATION_LIMITS.sessions).map((session) => ({
      ...session,
      preview: preview(previews.get(session.name) ?? ''),
    })),
    isCut: sessions.length > OPERATION_LIMITS.sessions,
  };
}

/** The turns of a session. @throws InvalidInputError when no session has that name */
export async function readTurns({ memory }: PageContext, { group, session, offset }: CallInput<'turns'>) {
  const saga = await memory.sagas.get(session, { group, offset, limit: OPERATION_LIMITS.turns }).catch((error) => {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(`There is no session "${truncated(oneLine(session), 60)}" in this memory.`, {
      cause: error,
    });
  });
  const { name, summary, episodeCount: total } = saga;
  const rules = await readRules(memory, group);
  const turns = await mapConcurrently(saga.episodes, AT_ONCE, ({ uuid }) => readTurn(memory, group, uuid, rules));
  return { name, summary: summary.slice(0, OPERATION_LIMITS.summary), total, turns: turns.flat() };
}

/** An episode that is forgotten while its session is read is left out. */
async function readTurn(memory: MemoryManager, group: string | undefined, episode: string, rules: RulesInForce) {
  try {
    const { uuid, name, content, referenceTime, committedAt, facts, use } = await memory.getEpisode(episode, { group });
    return [
      {
        ...{ uuid, name, referenceTime, isCommitted: committedAt !== null },
        waits: committedAt === null ? await waitOf(memory, uuid, group) : null,
        text: (statedFact(content)?.fact ?? content).slice(0, OPERATION_LIMITS.turn),
        isCut: content.length > OPERATION_LIMITS.turn,
        rules: rules.of(uuid),
        facts: sentences(facts.filter(({ isStated }) => isStated)),
        endedFacts: sentences(facts.filter(({ isStated }) => !isStated)),
        redactions: redactionsIn(content),
        cost: costOfUse(use, memory.config.prices),
      },
    ];
  } catch (error) {
    if (error instanceof InvalidInputError) return [];
    throw error;
  }
}

const sentences = (facts: EpisodeDetails['facts']) =>
  facts.slice(0, FACTS).map(({ uuid, fact, replacement }) => ({ uuid, fact, replacement }));

/** An episode's own calls, and its share of calls that served several episodes. */
export function costOfUse(use: EpisodeDetails['use'], prices: Parameters<typeof costOf>[3]): Cost {
  let [tokens, dollars, isKnown] = [0, 0, true];
  for (const { model, promptTokens, completionTokens, episodes = 1 } of use) {
    tokens += (promptTokens + completionTokens) / episodes;
    const price = costOf(model, promptTokens, completionTokens, prices);
    if (price === undefined) isKnown = false;
    else dollars += price / episodes;
  }
  return { tokens: Math.round(tokens), dollars: isKnown ? dollars : null };
}

const HIDDEN = /\[redacted:([\w -]{1,60})\]|\[private\]/g;

/** The number of redactions by kind, counted from the marks in the stored text. */
export function redactionsIn(content: string): Redaction[] {
  const counts = new Map<string, number>();
  for (const [, kind = 'private part'] of content.matchAll(HIDDEN)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count);
}
