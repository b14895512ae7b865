import type { EpisodeDetails } from '../memory/results.ts';
import { costOf } from '../models/prices.ts';
import { statedFact } from '../queue/first-words.ts';
import { truncated } from '../text.ts';
import type { PageContext } from './handlers.ts';
import { preview } from './preview.ts';
import { type RulesInForce, readRules } from './rules.ts';
import { type CallInput, LIMITS } from './schemas.ts';
import { redactionsIn } from './sessions.ts';
import { sourceOf } from './source.ts';
import { failuresOf, waitOf } from './waits.ts';

/** Searches by words only, so that typing loads no model. */
const BY_WORDS = { episodes: { methods: ['words'], ranker: 'rrf' } } as const;

export async function readEpisodes({ memory }: PageContext, { group, query, limit }: CallInput<'episodes'>) {
  if (query !== undefined) {
    const most = Math.min(limit, 100);
    const [{ episodes }, rules] = await Promise.all([
      memory.search(query, most, { group, recipe: BY_WORDS }),
      readRules(memory, group),
    ]);
    return {
      episodes: episodes.map(({ uuid, name, excerpt, sourceDescription, referenceTime }) => ({
        ...{ uuid, name, preview: preview(excerpt), source: '', sourceDescription, file: null, referenceTime },
        ...{ session: null, isCommitted: null, waits: null, isRule: rules.of(uuid).length > 0 },
      })),
      isCut: episodes.length === most,
    };
  }
  const [episodes, rules] = await Promise.all([memory.episodes.list({ group, limit }), readRules(memory, group)]);
  const unread = episodes.flatMap(({ uuid, committedAt }) => (committedAt === null ? [uuid] : []));
  const failures = await failuresOf(memory, unread, group);
  return {
    episodes: episodes.map(({ metadata, content, committedAt, ...episode }) => ({
      uuid: episode.uuid,
      name: episode.name,
      preview: preview(content),
      source: episode.source,
      sourceDescription: episode.sourceDescription,
      file: fileOf(metadata),
      referenceTime: episode.referenceTime,
      session: sessionOf(metadata),
      isCommitted: committedAt !== null,
      isRule: rules.of(episode.uuid).length > 0,
      waits: failures.get(episode.uuid) ?? null,
    })),
    isCut: episodes.length === limit,
  };
}

/** @throws InvalidInputError when it does not exist */
export async function readEpisode({ memory }: PageContext, { group, episode }: CallInput<'episode'>) {
  const details = await memory.getEpisode(episode, { group });
  const [{ entities }, rules] = await Promise.all([
    memory.episodes.getExtracted([details.uuid], { group }),
    readRules(memory, group),
  ]);
  const { uuid, name, content, source, sourceDescription, referenceTime, createdAt, committedAt } = details;
  return {
    ...{ uuid, name, source, sourceDescription, referenceTime, createdAt, committedAt },
    content: content.slice(0, LIMITS.content),
    isCut: content.length > LIMITS.content,
    stated: statedFact(content) ?? null,
    session: details.saga ?? sessionOf(details.metadata),
    file: fileOf(details.metadata),
    isInSession: details.saga !== null,
    ...factsOf(details, rules),
    rules: rules.of(uuid),
    entities: entities.slice(0, LIMITS.entities).map((entity) => ({ uuid: entity.uuid, name: entity.name })),
    use: details.use
      .slice(0, LIMITS.sources)
      .map(({ purpose, model, promptTokens, completionTokens, episodes = 1 }) => ({
        ...{ purpose, model, promptTokens, completionTokens, episodes },
        dollars: costOf(model, promptTokens, completionTokens, memory.config.prices) ?? null,
      })),
    redactions: redactionsIn(content),
    waits: committedAt === null ? await waitOf(memory, uuid, group) : null,
  };
}

/** The facts that the episode states, and the facts that it ended. */
function factsOf({ uuid, facts }: Pick<EpisodeDetails, 'uuid' | 'facts'>, rules: RulesInForce) {
  const shown = facts.slice(0, LIMITS.facts).map(({ isStated, sources, replacedBy: _, ...fact }) => ({
    isStated,
    row: {
      ...fact,
      sources: sources.slice(0, LIMITS.sourcesOfFact).map(sourceOf),
      sourceCount: sources.length,
      isRule: isStated && rules.episodeOf(fact.fact, [uuid]) !== null,
    },
  }));
  const rows = (stated: boolean) => shown.filter(({ isStated }) => isStated === stated).map(({ row }) => row);
  return { facts: rows(true), endedFacts: rows(false) };
}

function fileOf(metadata: object | null): string | null {
  const { file } = (metadata ?? {}) as { readonly file?: unknown };
  return typeof file === 'string' && file !== '' ? truncated(file, LIMITS.preview) : null;
}

function sessionOf(metadata: object | null): string | null {
  const { session } = (metadata ?? {}) as { readonly session?: unknown };
  return typeof session === 'string' ? session : null;
}
