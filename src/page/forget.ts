import type { ForgetResult } from '../memory/forget.ts';
import { statedFact } from '../queue/first-words.ts';
import { MINUTE, SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import { PreviewOutdatedError } from './conflicts.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PageContext } from './handlers.ts';
import { readRules } from './rules.ts';
import { type CallInput, type ForgetPreview, LIMITS } from './schemas.ts';

const TIME_LIMIT = 5 * MINUTE;

/** Limit for listing a remote bucket, so that a slow store cannot hold up the preview. */
const ARCHIVES_WITHIN = 4 * SECOND;

export async function previewForget(context: PageContext, { group, episode }: CallInput<'previewForget'>) {
  const [planned, details, archives, rules] = await Promise.all([
    context.memory.forget({ episode }, { group, dryRun: true }),
    context.memory.getEpisode(episode, { group }),
    archivesWith(context, group, episode),
    readRules(context.memory, group),
  ]);
  const text = statedFact(details.content)?.fact ?? details.content;
  return {
    effects: shown(planned),
    ...{ text: text.slice(0, LIMITS.quoted), isCut: text.length > LIMITS.quoted, rules: rules.of(details.uuid) },
    ...{ archives, fingerprint: effectsFingerprint(planned) },
  };
}

/** Archives made since the episode was stored. They contain its text, and forgetting does not change them. */
async function archivesWith({ memory, archiveWork }: PageContext, group: string | undefined, episode: string) {
  const name = group ?? memory.config.group;
  const unknown = { group: name, place: null, count: 0, isCut: false };
  const [{ createdAt }, { place, archives, isCut }] = await Promise.all([
    memory.getEpisode(episode, { group }),
    withTimeout(ARCHIVES_WITHIN, archiveWork.list(name), () => ({ place: null, archives: [], isCut: false })),
  ]);
  if (place === null) return unknown;
  return { group: name, place, count: archives.filter((archive) => archive.createdAt >= createdAt).length, isCut };
}

/**
 * Forgets an episode if the effects are still those of the preview.
 * @throws PreviewOutdatedError; what `MemoryManager.forget` throws
 */
export async function forgetEpisode({ memory }: PageContext, { group, episode, fingerprint }: CallInput<'forget'>) {
  const planned = await memory.forget({ episode }, { group, dryRun: true });
  if (fingerprint !== effectsFingerprint(planned)) throw new PreviewOutdatedError();
  return { effects: shown(await memory.forget({ episode }, { group, timeoutMs: TIME_LIMIT })) };
}

/** Equal for equal effects, regardless of their order. */
function effectsFingerprint({ episodes, facts, entities, maskedEpisodes, similar, ...rest }: ForgetResult): string {
  const { kept, reopened, ...numbers } = rest;
  const lists = [episodes, facts, entities, maskedEpisodes, similar, kept, reopened].map((items) =>
    items.map(({ uuid }) => uuid).sort(),
  );
  const { keptFacts, reopenedFacts, summaries } = numbers;
  return fingerprintOf([lists, keptFacts, reopenedFacts, summaries]);
}

function shown({ episodes, facts, entities, maskedEpisodes, similar, ...numbers }: ForgetResult): ForgetPreview {
  const { keptFacts, reopenedFacts, summaries } = numbers;
  return {
    episodes: episodes.slice(0, LIMITS.forgotten),
    facts: facts.slice(0, LIMITS.forgotten),
    entities: entities.slice(0, LIMITS.forgotten),
    maskedEpisodes: maskedEpisodes.slice(0, LIMITS.forgotten),
    similar: similar.slice(0, LIMITS.forgotten),
    kept: numbers.kept.slice(0, LIMITS.forgotten),
    reopened: numbers.reopened.slice(0, LIMITS.forgotten),
    counts: {
      episodes: episodes.length,
      facts: facts.length,
      entities: entities.length,
      maskedEpisodes: maskedEpisodes.length,
      similar: similar.length,
      reopened: numbers.reopened.length,
    },
    ...{ keptFacts, reopenedFacts, summaries },
  };
}
