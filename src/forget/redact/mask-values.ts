import type { EpisodeSource } from '../../episode.ts';
import { parseJson } from '../../json.ts';
import type { KnownSecrets } from './known-secrets.ts';

type Mask = (text: string) => string;
type Secrets = ReadonlySet<string>;

/** Members that identify a turn: `forget session` and later imports look for them. */
const IDENTITIES = new Set([
  ...['kind', 'host', 'session', 'message', 'parentSession', 'status', 'agent', 'model', 'tokens', 'endedAt'],
]);

/** The texts of an episode. `metadata` is an object, a JSON text or null. */
export interface EpisodeTexts {
  readonly content: string;
  readonly source: EpisodeSource;
  readonly metadata: unknown;
}

/** Learns the secrets of an episode. @returns the secrets to mask in this episode and in data derived from it */
export function learnEpisodeSecrets(known: KnownSecrets, { content, metadata }: Omit<EpisodeTexts, 'source'>): Secrets {
  const value = metadataValue(metadata);
  return new Set([...known.learn(content), ...(value ? learnSecretsIn(known, withoutIdentities(value)) : [])]);
}

/** Learns the secrets of a JSON value: in its texts, and in its members' values because of their names. */
export function learnSecretsIn(known: KnownSecrets, value: unknown): string[] {
  const own = textsOf(value).flatMap((text) => known.learn(text));
  for (const secret of known.learn(JSON.stringify(value))) {
    const parsed = parseJson(`"${secret}"`);
    own.push(typeof parsed === 'string' ? parsed : secret);
  }
  return own;
}

/** The same episode without its secrets; a JSON document stays one. */
export function maskEpisode<T extends EpisodeTexts>(known: KnownSecrets, episode: T, ownSecrets: Secrets): T {
  const mask = (text: string) => known.mask(text, ownSecrets);
  const content = maskDocument(episode.content, episode.source, mask, ownSecrets);
  const value = metadataValue(episode.metadata);
  if (value === null) return { ...episode, content };
  const masked = { ...(maskValue(value, mask, ownSecrets) as object), ...identitiesOf(value, known) };
  const metadata = typeof episode.metadata === 'string' ? JSON.stringify(masked) : masked;
  const isSame = JSON.stringify(masked) === JSON.stringify(value);
  return { ...episode, content, metadata: isSame ? episode.metadata : metadata };
}

/** An episode that no worker has read yet, on the disk or as the payload of a job. */
interface WaitingEpisode extends EpisodeTexts {
  readonly name: string;
  readonly sourceDescription: string;
  readonly saga?: string | null | undefined;
}

/** The same with its names. */
export function maskQueuedEpisode<T extends WaitingEpisode>(known: KnownSecrets, episode: T): T {
  const own = learnEpisodeSecrets(known, episode);
  const mask = (text: string) => known.mask(text, own);
  const { name, sourceDescription, saga } = episode;
  const names = { name: mask(name), sourceDescription: mask(sourceDescription) };
  return { ...maskEpisode(known, episode, own), ...names, ...(saga && { saga: known.mask(saga) }) };
}

function maskDocument(content: string, source: EpisodeSource, mask: Mask, ownSecrets: Secrets): string {
  const masked = mask(content);
  if (masked === content || source === 'text' || source === 'message') return masked;
  if (parseJson(masked) !== undefined) return masked;
  const value = parseJson(content);
  return value === undefined ? masked : JSON.stringify(maskValue(value, mask, ownSecrets));
}

/** A number that is a secret becomes a text. */
export function maskValue(value: unknown, mask: Mask, ownSecrets: Secrets): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number') return ownSecrets.has(String(value)) ? '[redacted:value]' : value;
  if (Array.isArray(value)) return value.map((inner) => maskValue(inner, mask, ownSecrets));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskValue(inner, mask, ownSecrets)]));
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsOf);
}

function metadataValue(metadata: unknown): Readonly<Record<string, unknown>> | null {
  const value = typeof metadata === 'string' ? parseJson(metadata) : metadata;
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null;
}

const withoutIdentities = (value: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !IDENTITIES.has(name)));

/** Identities lose only secrets that are known from elsewhere: many of them look like secrets. */
const identitiesOf = (value: Readonly<Record<string, unknown>>, known: KnownSecrets) =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => IDENTITIES.has(name))
      .map(([name, inner]) => [name, typeof inner === 'string' ? known.replaceKnown(inner) : inner]),
  );
