import { TextTooLongError } from '../../errors.ts';
import { mapConcurrently } from '../../map-concurrently.ts';
import { NO_ONTOLOGY } from '../../ontology.ts';
import { canonicalKey } from '../../text.ts';
import {
  type EndedRelation,
  type EpisodeText,
  type ExtractedEntity,
  type ExtractedFact,
  type Extraction,
  type ExtractionCache,
  NO_EXTRACTION_CACHE,
  type TokenUse,
} from '../language-model.ts';
import { completeTask } from './ask.ts';
import type { Chat } from './chat.ts';
import { extractionInstructions, extractionMaterial } from './extraction-prompt.ts';
import { EXTRACTION_REPLY, extractionSchema } from './extraction-schema.ts';
import { countDroppedNotes, readExtraction } from './read-extraction.ts';
import { shapeReader } from './reply.ts';
import { splitText } from './split-text.ts';

/** Characters; the answer about a longer part would take longer than a call may. */
const LONGEST_PART = 10_000;
/** A part of this length is not cut further: the model can read nothing. */
const SHORTEST_PART = 500;
/** Concurrent calls for one episode; the worker reads other episodes at the same time. */
const CONCURRENCY = 3;
/** Characters of the previous part that a part is shown with, to resolve pronouns. */
const TAIL = 800;

/**
 * Reads an episode in one call, or a long one in one call per part. A part that is too long for the model is read in halves.
 * @param memo results of parts from an earlier attempt, in which another part failed
 * @throws UnusableReplyError, ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function extractWithChat(
  chat: Chat,
  episode: EpisodeText,
  memo: ExtractionCache = NO_EXTRACTION_CACHE,
): Promise<Extraction> {
  const contents = splitText(episode.content, episode.source, LONGEST_PART);
  const parts = contents.map((content, index) => {
    const before = contents[index - 1];
    const previous = before ? [{ content: tail(before), referenceTime: episode.referenceTime }] : episode.previous;
    return { ...episode, content, previous };
  });
  if (parts.length === 1) return extractPart(chat, episode, undefined, memo);
  // When one part fails, the running calls are awaited: their answers are paid for.
  const read = await mapConcurrently([...parts.entries()], CONCURRENCY, async ([index, part]) => {
    const stored = await memo.get(part.content);
    if (stored) return stored;
    const extraction = await extractPart(chat, part, `${index + 1} of ${parts.length}`, memo);
    await memo.set(part.content, extraction);
    return extraction;
  });
  return joinExtractions(read);
}

async function extractPart(
  chat: Chat,
  episode: EpisodeText,
  part: string | undefined,
  memo: ExtractionCache,
): Promise<Extraction> {
  const { ontology = NO_ONTOLOGY, referenceTime, content, source } = episode;
  try {
    const { value, use } = await completeTask(chat, {
      purpose: 'extract',
      instructions: extractionInstructions(ontology),
      material: extractionMaterial(episode, part),
      schema: extractionSchema(ontology),
      read: shapeReader(EXTRACTION_REPLY),
    });
    const read = readExtraction(value, ontology, referenceTime, content);
    return { ...read, use: withRowsDropped(use, countDroppedNotes(value, read)) };
  } catch (error) {
    if (!(error instanceof TextTooLongError) || content.length <= SHORTEST_PART) throw error;
    const halves: Extraction[] = [];
    for (const half of splitText(content, source, Math.ceil(content.length / 2) + 1)) {
      const stored = await memo.get(half);
      const read = stored ?? (await extractPart(chat, { ...episode, content: half, previous: [] }, part, memo));
      if (!stored) await memo.set(half, read);
      halves.push(read);
    }
    return joinExtractions(halves);
  }
}

/** Dropped rows count with the call that returned them. */
function withRowsDropped(use: readonly TokenUse[], dropped: number): readonly TokenUse[] {
  const last = use.at(-1);
  return dropped === 0 || !last ? use : use.with(-1, { ...last, rowsDropped: (last.rowsDropped ?? 0) + dropped });
}

function tail(text: string): string {
  const end = text.slice(-TAIL);
  return /^[\uDC00-\uDFFF]/.test(end) ? end.slice(1) : end;
}

/**
 * Joins the extractions of an episode's parts: entities of the same name become one, with the first spelling, the first
 * specific type and all attributes. Duplicates are kept once.
 */
export function joinExtractions(parts: readonly Extraction[]): Extraction {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const entities = new Map<string, ExtractedEntity>();
  for (const entity of parts.flatMap((part) => part.entities))
    entities.set(canonicalKey(entity.name), mergedEntity(entities.get(canonicalKey(entity.name)), entity));
  const named = <T extends { source: string; target: string }>(relation: T): T => ({
    ...relation,
    source: entities.get(canonicalKey(relation.source))?.name ?? relation.source,
    target: entities.get(canonicalKey(relation.target))?.name ?? relation.target,
  });
  return {
    entities: [...entities.values()],
    facts: distinct(
      parts.flatMap((part) => part.facts.map(named)),
      factKey,
    ),
    ended: distinct(
      parts.flatMap((part) => part.ended.map(named)),
      endKey,
    ),
    notes: distinct(
      parts.flatMap((part) => part.notes ?? []),
      (note) => JSON.stringify(note),
    ),
    use: parts.flatMap(({ use = [] }) => use),
  };
}

function mergedEntity(earlier: ExtractedEntity | undefined, entity: ExtractedEntity): ExtractedEntity {
  if (!earlier) return entity;
  const type = earlier.type === 'Entity' ? entity.type : earlier.type;
  const attributes = { ...(entity.type === type && entity.attributes), ...earlier.attributes };
  return { name: earlier.name, type, ...(Object.keys(attributes).length > 0 && { attributes }) };
}

const factKey = ({ source, target, relation, fact, validAt, invalidAt }: ExtractedFact) =>
  JSON.stringify([source, target, relation, canonicalKey(fact), validAt, invalidAt]);
const endKey = ({ source, target, at }: EndedRelation) => JSON.stringify([source, target, at]);

function distinct<T>(items: readonly T[], key: (item: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const item of items) if (!byKey.has(key(item))) byKey.set(key(item), item);
  return [...byKey.values()];
}
