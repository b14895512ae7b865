import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { idempotencyUuid } from './derived-uuid.ts';
import { InvalidInputError, isOperationalError } from './errors.ts';
import { checkExpiry, EXPIRY_METADATA_KEY } from './expiry.ts';
import { checkText } from './text.ts';
import { checkTime, timestamp } from './time.ts';
import { readTriplet } from './triplet.ts';

/**
 * How an episode's text is to be read: a dialogue (`speaker: words` lines), plain text, a JSON document, or one fact that
 * is given whole (`triplet.ts`).
 */
export type EpisodeSource = 'message' | 'text' | 'json' | 'fact_triple';

/** The kind of a note. A rule applies once the user has confirmed it. */
export type NoteKind = 'fact' | 'decision' | 'rule' | 'task';

export const NOTE_KINDS: readonly NoteKind[] = ['fact', 'decision', 'rule', 'task'];

/** Any JSON object, stored with the episode. */
export type Metadata = Record<string, unknown>;

export interface Episode {
  /** Identity; storing the same uuid again changes nothing. */
  readonly uuid: string;
  /** `episode_<timestamp>` of the moment it was accepted. */
  readonly name: string;
  readonly group: string;
  readonly content: string;
  readonly source: EpisodeSource;
  /** The source of the text, such as an agent; default: `opencode`. */
  readonly sourceDescription: string;
  /** When what it says was true. */
  readonly referenceTime: Date;
  /** When it was accepted. */
  readonly createdAt: Date;
  readonly metadata: Metadata | null;
  /** The chain of episodes that it belongs to, such as a session; null for none. */
  readonly saga: string | null;
}

export interface EpisodeOptions {
  readonly uuid?: string;
  /**
   * The caller's own name for this text within its group, such as `session-7/turn-12`, 1 to 500 characters; it gives the uuid.
   * Storing again under the same key changes nothing.
   */
  readonly idempotencyKey?: string;
  readonly source?: EpisodeSource;
  readonly sourceDescription?: string;
  /** Default: now. */
  readonly referenceTime?: Date;
  /** The episode's saga (a chain of episodes), such as a session. */
  readonly saga?: string;
  /** The kind of the note; kept in the metadata, as are `replaces` and `confirmed`. */
  readonly kind?: NoteKind;
  /** uuid of an episode or fact that this one replaces. The replaced one stays stored and is shown as ended. */
  readonly replaces?: string;
  /** When the episode is removed, with everything that only it states. Default: never, or by the worker's MEMORY_EXPIRY. */
  readonly expires?: Date;
  /** For a rule: true when the user gave it directly, so that it applies immediately. */
  readonly confirmed?: boolean;
}

const sources: readonly EpisodeSource[] = ['text', 'message', 'json', 'fact_triple'];
const LONGEST_SAGA = 200;
const LONGEST_KEY = 500;
const metadataShape = z.record(z.string(), z.unknown());
const MAX_METADATA_BYTES = 65_536;
const MAX_METADATA_DEPTH = 64;

/**
 * Makes an episode of a caller's input.
 * @param maxBytes limit of the content in UTF-8 bytes
 * @throws InvalidInputError with a sentence that says what to change
 */
export function newEpisode(
  content: string,
  metadata: unknown,
  group: string,
  maxBytes: number,
  options: EpisodeOptions = {},
): Episode {
  const now = new Date();
  const source = checkSource(options.source ?? 'text');
  if (source === 'fact_triple') readTriplet(content);
  return {
    uuid: identity(group, options),
    name: `episode_${timestamp(now)}`,
    group,
    content: checkContent(content, maxBytes),
    source,
    sourceDescription: checkText(options.sourceDescription ?? 'opencode', 'The source description'),
    referenceTime: checkTime(options.referenceTime ?? now, 'The reference time'),
    createdAt: now,
    metadata: checkMetadata(withExpiry(withNote(checkMetadata(metadata), options), options, now)),
    saga: options.saga === undefined ? null : checkSaga(options.saga),
  };
}

function checkContent(content: string, maxBytes: number): string {
  if (checkText(content, 'The content').trim() === '')
    throw new InvalidInputError('The content is empty; give the text to remember.');
  checkLength(content, maxBytes);
  return content;
}

/** @throws InvalidInputError for a text of more than `maxBytes` in UTF-8 */
export function checkLength(content: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(content);
  if (bytes > maxBytes)
    throw new InvalidInputError(
      `The content has ${bytes} bytes and the limit is ${maxBytes}; store it in parts or raise MEMORY_MAX_CONTENT_BYTES.`,
    );
}

function checkSource(source: EpisodeSource): EpisodeSource {
  if (sources.includes(source)) return source;
  throw new InvalidInputError('The source must be text, message, json or fact_triple.');
}

/** @throws InvalidInputError */
export function checkSaga(saga: string): string {
  const name = checkText(saga, "The saga's name").trim();
  if (name !== '' && name.length <= LONGEST_SAGA) return name;
  throw new InvalidInputError(`A saga's name has 1 to ${LONGEST_SAGA} characters.`);
}

function checkMetadata(metadata: unknown): Metadata | null {
  if (metadata === undefined || metadata === null) return null;
  const given = metadataShape.safeParse(metadata);
  // The queue stores metadata as JSON.
  const kept = metadataShape.safeParse(given.success && JSON.parse(metadataText(given.data)));
  if (kept.success) return kept.data;
  throw new InvalidInputError('The metadata must be a JSON object, such as {"file":"src/main.ts"}.');
}

function withNote(metadata: Metadata | null, { kind, replaces, confirmed }: EpisodeOptions): Metadata | null {
  if (kind === undefined && replaces === undefined && confirmed === undefined) return metadata;
  if (kind !== undefined && !NOTE_KINDS.includes(kind))
    throw new InvalidInputError('The kind must be fact, decision, rule or task.');
  if (confirmed !== undefined && kind !== 'rule') throw new InvalidInputError('Only a rule is confirmed.');
  return {
    ...metadata,
    ...(kind !== undefined && { kind }),
    ...(replaces !== undefined && {
      replaces: checkUuid(replaces, 'give the whole uuid of the episode or fact that this one replaces'),
    }),
    ...(confirmed && { confirmed }),
  };
}

function withExpiry(metadata: Metadata | null, { expires }: EpisodeOptions, now: Date): Metadata | null {
  return expires === undefined
    ? metadata
    : { ...metadata, [EXPIRY_METADATA_KEY]: checkExpiry(expires, now).toISOString() };
}

/**
 * Imported metadata without the reserved members and kinds (turn, summary, rule, task, confirmed, …), which only the memory itself and the
 * user may set. A reserved kind is kept as `imported_kind`.
 */
export function withoutReservedMetadata(metadata: Metadata): Metadata {
  const { confirmed, replaces, ...others } = metadata;
  const { kind } = others;
  const isReserved = typeof kind === 'string' && [...NOTE_KINDS, 'turn', 'summary'].includes(kind);
  if (!isReserved && confirmed === undefined && replaces === undefined) return metadata;
  const { kind: _, ...rest } = others;
  return isReserved ? { ...rest, imported_kind: kind } : others;
}

function metadataText(metadata: Metadata): string {
  try {
    checkExtent(metadata);
    const text = JSON.stringify(metadata) ?? 'null';
    if (Buffer.byteLength(text) <= MAX_METADATA_BYTES) return text;
  } catch (error) {
    if (isOperationalError(error)) throw error;
    throw new InvalidInputError('The metadata cannot be written as JSON; use text, numbers, lists and objects.', {
      cause: error,
    });
  }
  throw tooLong();
}

/** Level by level and with a limit, because objects can contain cycles or repeat the same object many times. */
function checkExtent(metadata: Metadata): void {
  let level = 0;
  for (let values: unknown[] = [metadata]; values.length > 0; level += 1) {
    if (level > MAX_METADATA_DEPTH)
      throw new InvalidInputError(
        `The metadata is nested deeper than ${MAX_METADATA_DEPTH} levels or in a circle; make it flatter.`,
      );
    if (values.length > MAX_METADATA_BYTES) throw tooLong();
    values = values.flatMap((inner) => (inner !== null && typeof inner === 'object' ? Object.values(inner) : []));
  }
}

const tooLong = () =>
  new InvalidInputError(`The metadata has more than ${MAX_METADATA_BYTES} bytes; put long text into the content.`);

/** True if the caller gave the episode an id, so that it may be stored already. */
export function hasCallerId({ uuid, idempotencyKey }: EpisodeOptions): boolean {
  return uuid !== undefined || idempotencyKey !== undefined;
}

function identity(group: string, { uuid, idempotencyKey: key }: EpisodeOptions): string {
  if (key === undefined) return uuid === undefined ? randomUUID() : checkUuid(uuid);
  if (uuid !== undefined)
    throw new InvalidInputError('An episode has a uuid or a key, not both; leave one of them out.');
  const checked = checkText(key, 'The key');
  if (checked.trim() !== '' && checked.length <= LONGEST_KEY) return idempotencyUuid(group, checked);
  throw new InvalidInputError(`A key has 1 to ${LONGEST_KEY} characters, and not only spaces.`);
}

function checkUuid(uuid: string, advice = 'leave the uuid out to get a new one'): string {
  if (z.uuid().safeParse(uuid).success) return uuid.toLowerCase();
  throw new InvalidInputError(`"${String(uuid).slice(0, 60)}" is not a uuid; ${advice}.`);
}
