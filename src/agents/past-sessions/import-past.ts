import type { Config } from '../../config.ts';
import type { Episode } from '../../episode.ts';
import { InvalidInputError, isOperationalError } from '../../errors.ts';
import { readRecorded } from '../../graph/queries/record.ts';
import type { Services } from '../../memory/services.ts';
import { costOf } from '../../models/prices.ts';
import { embedderProvider, languageModelProvider } from '../../models/providers.ts';
import type { Producer } from '../../queue/producer.ts';
import { knownEpisodes } from '../../queue/queue-state.ts';
import {
  type PastEpisodes,
  type PastSessionCounts,
  type PastSessionOptions,
  type ReadPastSessionOptions,
  readPastSessions,
} from './read-past-sessions.ts';

/** How many episodes are looked up and enqueued together. */
const MOST = 500;
const MOST_LETTERS = 2_000_000;

type OnProgress = (share: number) => void;

/** The turns that an import would add, and the number that the memory already has. */
export interface PastImportPreview extends PastSessionCounts {
  readonly known: number;
}

export interface PastImportResult extends PastImportPreview {
  readonly added: number;
}

/**
 * Reads all sessions and looks up which turns are stored, in the queue or in the graph. Stores nothing.
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError; InvalidInputError for a group that cannot be one
 */
export async function previewPastImport(
  services: Services,
  options: PastSessionOptions,
  onProgress?: OnProgress,
): Promise<PastImportPreview> {
  return withPast({ ...options, home: services.config.home, isNoted: false }, async (past) => {
    let known = 0;
    for (const part of inParts(past.episodes(onProgress)))
      known += part.length - (await unknownOf(services, part)).length;
    return { ...past.counts(), known };
  });
}

/**
 * Stores each turn once, with its own date and session. What an earlier import, a hook or a plugin has stored is left as it is, so that an import
 * that broke off is continued by running it again.
 * @throws as `previewPastImport`
 */
export async function importPastSessionsOf(
  services: Services,
  options: PastSessionOptions,
  onProgress?: OnProgress,
): Promise<PastImportResult> {
  const producer = await services.producer();
  // Turns that hooks have captured and Valkey does not have yet come first: their text is complete.
  await (await services.spooling()).drain();
  return withPast({ ...options, home: services.config.home, isNoted: true }, async (past) => {
    let [added, known] = [0, 0];
    try {
      for (const part of inParts(past.episodes(onProgress))) {
        const count = await add(services, producer, part);
        added += count;
        known += part.length - count;
      }
    } catch (error) {
      if (!isOperationalError(error) || added === 0) throw error;
      throw Object.assign(error, { message: `${error.message} ${added} are stored; import again to continue.` });
    }
    return { ...past.counts(), added, known };
  });
}

async function withPast<T>(options: ReadPastSessionOptions, work: (past: PastEpisodes) => Promise<T>): Promise<T> {
  const past = readPastSessions(options);
  try {
    return await work(past);
  } finally {
    past.close();
  }
}

function* inParts(episodes: Iterable<Episode>): Generator<Episode[]> {
  let [part, letters]: [Episode[], number] = [[], 0];
  for (const episode of episodes) {
    part.push(episode);
    letters += episode.content.length;
    if (part.length < MOST && letters < MOST_LETTERS) continue;
    yield part;
    [part, letters] = [[], 0];
  }
  if (part.length > 0) yield part;
}

/** @returns how many were added */
async function add(services: Services, producer: Producer, part: readonly Episode[]): Promise<number> {
  for (let isRepeated = false; ; isRepeated = true) {
    const unknown = await unknownOf(services, part);
    try {
      if (unknown.length > 0) await producer.storeMany(unknown, new Set(unknown.map(({ uuid }) => uuid)));
      return unknown.length;
    } catch (error) {
      // A hook has stored one of these turns in other words since it was looked up.
      if (isRepeated || !(error instanceof InvalidInputError)) throw error;
    }
  }
}

/** The queue knows an episode for 30 days; after that the graph does. */
async function unknownOf(services: Services, part: readonly Episode[]): Promise<Episode[]> {
  const known = await knownEpisodes(
    await services.queues(),
    part.map(({ uuid }) => uuid),
  );
  const unknown = part.filter(({ uuid }) => !known.has(uuid));
  const groups = Map.groupBy(unknown, ({ group }) => group);
  const recorded = await Promise.all([...groups].map(([group, episodes]) => recordedOf(services, group, episodes)));
  const all = new Set(recorded.flatMap((uuids) => [...uuids]));
  return unknown.filter(({ uuid }) => !all.has(uuid));
}

/** Nothing is lost if the graph does not answer: a worker skips an episode that the graph has. */
async function recordedOf(services: Services, group: string, episodes: readonly Episode[]): Promise<Set<string>> {
  try {
    const graph = (await services.graphs()).group(group);
    const recorded = await readRecorded(
      graph,
      episodes.map(({ uuid }) => uuid),
    );
    return new Set(recorded.keys());
  } catch (error) {
    if (!isOperationalError(error)) throw error;
    services.notice(`The graph cannot be asked which turns are older than 30 days and stored: ${error.message}`);
    return new Set();
  }
}

/** Tokens of a turn beside its text when it needs two calls, as measured for docs/openai.md. */
const [INPUT, OUTPUT, EMBEDDED] = [3_930, 522, 425];
const LETTERS_OF_A_TOKEN = 4;

/** Estimated cost of the model calls for all texts, in dollars; undefined if a model's price is unknown, 0 for local models. */
export function estimateReadingCost(config: Config, counts: PastSessionCounts): number | undefined {
  const episodes = counts.turns + counts.summaries;
  const text = counts.characters / LETTERS_OF_A_TOKEN;
  const cost = (model: string | undefined, input: number, output: number) =>
    model === undefined ? 0 : costOf(model, input, output, config.prices);
  const reader = languageModelProvider(config).modelName(config);
  const embedder = embedderProvider(config).modelName(config.embeddings);
  const chat = cost(reader, episodes * INPUT + text, episodes * OUTPUT);
  const vectors = cost(embedder, episodes * EMBEDDED + text, 0);
  return chat === undefined || vectors === undefined ? undefined : chat + vectors;
}
