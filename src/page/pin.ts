import { replacesRule, ruleOf, rulesIn } from '../briefing/rules.ts';
import { userSentences, userText } from '../briefing/typed-by-user.ts';
import { InvalidInputError, isOperationalError } from '../errors.ts';
import type { EpisodeDetails } from '../memory/results.ts';
import type { MemoryManager } from '../memory.ts';
import { sentencesOf } from '../passages/sentences.ts';
import type { EpisodeReceipt } from '../queue/producer.ts';
import { oneLine, truncated } from '../text.ts';
import { MINUTE } from '../time.ts';
import { PreviewOutdatedError } from './conflicts.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PageContext } from './handlers.ts';
import { OPERATION_LIMITS } from './operation-shapes.ts';
import type { CallInput } from './schemas.ts';

// Only the user has the page's token, so a rule made here applies at once, as with `store --kind rule`.

const TIME_LIMIT = MINUTE;
const SHORTEST = 6;
/** A token budget that is large enough for all rules. */
const WHOLE = 100_000;

/** Previews a standing rule: an agent's proposal, or a sentence of the episode that the user chooses. */
export async function previewPin({ memory }: PageContext, { group, episode, rule }: CallInput<'previewPin'>) {
  const { fingerprint, ...plan } = await planPin(memory, group, episode, rule);
  return { ...plan, fingerprint };
}

/** @throws PreviewOutdatedError; InvalidInputError when there is no such episode; NoWorkerError for a proposed rule */
export async function pinRule({ memory }: PageContext, { group, episode, rule, fingerprint }: CallInput<'pin'>) {
  const plan = await planPin(memory, group, episode, rule);
  if (plan.fingerprint !== fingerprint || plan.rule === null || plan.state === 'inForce')
    throw new PreviewOutdatedError();
  if (plan.state === 'pending' || plan.state === 'ended') {
    await memory.episodes.confirm(plan.uuid, { group, timeoutMs: TIME_LIMIT });
    return { episode: plan.uuid, isInForce: true };
  }
  const { uuid, rule: text } = plan;
  // The key prevents a second click from queueing the rule again before a worker has read it.
  const pinned = await storeRule(memory, group, { uuid, text, idempotencyKey: `pin ${uuid} ${fingerprint}` });
  // The key does not restore a rule that was forgotten or ended, so its state is read.
  const state = pinned.isInForce ? await stateOfRule(memory, group, pinned.episode) : 'inForce';
  if (state === 'forgotten') return storeRule(memory, group, { uuid, text });
  if (state === 'ended') await memory.episodes.confirm(pinned.episode, { group, timeoutMs: TIME_LIMIT });
  return pinned;
}

/** Ends a rule, and keeps its text. @throws InvalidInputError when the episode has no such rule; NoWorkerError */
export async function unpinRule({ memory }: PageContext, { group, episode, rule }: CallInput<'unpin'>) {
  return { rules: await memory.episodes.unpin(episode, { group, rule, timeoutMs: TIME_LIMIT }) };
}

interface Pinned {
  readonly episode: string;
  readonly isInForce: boolean;
}

async function storeRule(
  memory: MemoryManager,
  group: string | undefined,
  { uuid, text, ...key }: { readonly uuid: string; readonly text: string; readonly idempotencyKey?: string },
): Promise<Pinned> {
  const options = { group, kind: 'rule', confirmed: true, sourceDescription: 'page', ...key } as const;
  const receipt = await memory.enqueueEpisode(text, { pinned: uuid }, options);
  return { episode: receipt.uuid, isInForce: await isStored(memory, group, receipt) };
}

async function stateOfRule(memory: MemoryManager, group: string | undefined, episode: string) {
  try {
    const { metadata } = await memory.getEpisode(episode, { group });
    return 'unpinned' in (metadata ?? {}) ? 'ended' : 'inForce';
  } catch (error) {
    if (error instanceof InvalidInputError) return 'forgotten';
    throw error;
  }
}

/** Without a worker there is no wait: the rule stays queued and applies once a worker has read it. */
async function isStored(memory: MemoryManager, group: string | undefined, receipt: EpisodeReceipt): Promise<boolean> {
  try {
    const { valkey } = await memory.getStatus({ group, countPassages: false });
    if (valkey.ok && valkey.workers === 0)
      return (await memory.episodes.getState(receipt.uuid, { group })).state === 'committed';
    await memory.waitFor(receipt, { timeoutMs: TIME_LIMIT });
    return true;
  } catch (error) {
    if (isOperationalError(error)) return false;
    throw error;
  }
}

async function planPin(memory: MemoryManager, group: string | undefined, episode: string, chosen: string | undefined) {
  const details = await memory.getEpisode(episode, { group });
  const { rules } = await memory.getBriefing({ group, budgetTokens: WHOLE, cache: false });
  const own = rules.filter(({ episode: of }) => of === details.uuid).map(({ text }) => text);
  const state = stateOf(details, own);
  const words = state === 'text' ? chosen : details.content;
  const rule = words === undefined ? null : truncated(oneLine(words), OPERATION_LIMITS.rule);
  const ends = rule === null ? [] : rules.filter(({ text }) => replacesRule(ruleOf(rule), ruleOf(text)));
  return {
    uuid: details.uuid,
    state,
    ...(await suggested(memory, group, details, state === 'text' && rule === null ? own : undefined)),
    rule,
    ends: ends.map(({ text }) => text),
    fingerprint: fingerprintOf([details.content, state, rule, rules.map(({ text, episode: uuid }) => [text, uuid])]),
  };
}

/** @param own the rules of the episode that are in force */
function stateOf({ metadata }: EpisodeDetails, own: readonly string[]): 'pending' | 'inForce' | 'ended' | 'text' {
  if (metadata?.kind !== 'rule') return 'text';
  if (own.length > 0) return 'inForce';
  return 'unpinned' in metadata ? 'ended' : metadata.confirmed ? 'inForce' : 'pending';
}

/** The sentences that are offered, and the one that is filled in: the first current one, if possible one that begins like a rule. */
async function suggested(
  memory: MemoryManager,
  group: string | undefined,
  details: EpisodeDetails,
  own: readonly string[] | undefined,
) {
  if (own === undefined) return { suggestions: [], outdated: [], preselected: null };
  const suggestions = suggestionsFrom(details).filter((text) => !own.includes(text));
  const ended = (await memory.episodes.getEndedSentences(details.uuid, { group }))
    .map(bare)
    .filter((sentence) => sentence !== '');
  const outdated = suggestions.filter((text) => ended.some((sentence) => bare(text).includes(sentence)));
  const current = suggestions.filter((text) => !outdated.includes(text));
  return { suggestions, outdated, preselected: current.find(beginsLikeRule) ?? current[0] ?? null };
}

const bare = (sentence: string): string => oneLine(sentence).replace(/[.!?]+$/, '');

const beginsLikeRule = (text: string): boolean =>
  /^(?:rule\s*[:：]|(?:please )?(?:always|never|must|do not|don['’]t)\b)/i.test(text) || rulesIn(text).length > 0;

/** For a turn, the sentences that the user typed; for other texts, all sentences. */
function suggestionsFrom({ content, metadata }: EpisodeDetails): string[] {
  const typed = userSentences(userText(content, JSON.stringify(metadata))).map(({ text }) => text);
  const sentences = typed.length > 0 ? typed : sentencesIn(content.slice(0, OPERATION_LIMITS.searched));
  return [...new Set(sentences.map(oneLine))]
    .filter(({ length }) => length >= SHORTEST && length <= OPERATION_LIMITS.rule)
    .slice(0, OPERATION_LIMITS.suggestions);
}

const sentencesIn = (text: string): string[] => sentencesOf(text).map(({ start, end }) => text.slice(start, end));
