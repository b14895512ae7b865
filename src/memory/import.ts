import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Episode } from '../episode.ts';
import { InvalidInputError, isOperationalError, JobFailedError, NoWorkerError } from '../errors.ts';
import { openValueChecker, type ValueChecker } from '../import/check-values.ts';
import { decodeText, readBytes, readError } from '../import/decode.ts';
import type { InputItem } from '../import/json-lines.ts';
import { readValues } from '../import/read-values.ts';
import type { Producer } from '../queue/producer.ts';
import { countWorkers } from '../queue/queue-state.ts';
import {
  countSkipped,
  type ImportCounts,
  type ImportFormat,
  type ImportOptions,
  type ImportResult,
  newCounts,
} from './import-formats.ts';
import type { Services } from './services.ts';
import { waitFor } from './services.ts';

const EXAMPLES = 5;

/**
 * Imports the data of another memory. All of it is checked before the first episode is queued. An import can be repeated, also after an
 * interruption, and then adds only new data.
 * @throws InvalidInputError naming the line; StoreUnreachableError, AccessRefusedError, WrongServerError; NoWorkerError with `wait`
 */
export async function importInto(
  services: Services,
  format: ImportFormat,
  input: ImportSource,
  options: ImportOptions,
): Promise<ImportResult> {
  const { dryRun = false } = options;
  const { maxContentBytes } = services.config;
  const source = await openInputSource(input, maxContentBytes);
  try {
    const checking = openValueChecker(format, {
      groupOf: (own) => services.group(options.group ?? own),
      maxContentBytes,
      referenceTime: options.referenceTime,
    });
    await note(source, checking);
    const counts = newCounts();
    await check(source, checking, counts, options);
    if (!dryRun) await enqueueChecked(services, source, checking, counts, options);
    return { format: checking.format, dryRun, ...counts };
  } finally {
    await source.close();
  }
}

/** In some formats the meaning of the first items depends on the last ones. */
async function note(source: InputSource, checking: ValueChecker): Promise<void> {
  for await (const value of source.values()) {
    checking.note(value);
    if (!checking.isNoting()) return;
  }
}

async function check(
  source: InputSource,
  checking: ValueChecker,
  counts: ImportCounts,
  options: ImportOptions,
): Promise<void> {
  for await (const value of source.values((share) => options.onProgress?.(share, 'check'))) {
    const checked = checking.check(value);
    const problems = 'problem' in checked ? [checked.problem] : checked.problems;
    for (const problem of problems) {
      // If the format is unknown, nothing can be skipped.
      if (!options.skipBroken)
        throw new InvalidInputError(checking.format ? `${problem} Nothing was imported.` : problem);
      countSkipped(problem, counts);
    }
    if ('problem' in checked) continue;
    for (const { uuid: _, name: __, createdAt: ___, ...example } of checked.episodes) {
      if (example.source === 'fact_triple') counts.facts += 1;
      else counts.texts += 1;
      if (counts.examples.length < EXAMPLES) counts.examples.push(example);
    }
  }
}

/** An episode and its place in the input. */
interface Placed {
  readonly place: string;
  readonly episode: Episode;
}

/** Episodes that are queued together and held in memory. */
const MOST = 1_000;
const MOST_LETTERS = 4_000_000;

/** Queues all checked episodes, part by part. @throws as `importInto` */
export async function enqueueChecked(
  services: Services,
  source: InputSource,
  checking: ValueChecker,
  counts: ImportCounts,
  options: ImportOptions,
): Promise<void> {
  const producer = await services.producer();
  if (options.wait) await readyToWait(services);
  try {
    for await (const part of inParts(source, checking, options.onProgress)) {
      options.signal?.throwIfAborted();
      const uuids = await handIn(producer, part, counts, options.skipBroken === true);
      if (options.wait) await waitForAll(services, uuids, counts, options);
    }
  } catch (error) {
    if (!isOperationalError(error) || counts.added + counts.duplicates === 0) throw error;
    const notice = `${counts.added + counts.duplicates} episodes were already stored; importing again skips them.`;
    throw Object.assign(error, { message: `${error.message} ${notice}` });
  }
}

async function readyToWait(services: Services): Promise<void> {
  await (await services.waiting.store()).ready();
  if ((await countWorkers(await services.queues(), 'store')) > 0) return;
  throw new NoWorkerError(
    'No worker is running to read the imported episodes; start one with `memory-manager up` or `memory-manager worker`. Nothing was imported.',
  );
}

/** Given facts and texts are never in the same part, so that with `wait` one kind is in the graph before the other follows. */
async function* inParts(
  source: InputSource,
  checking: ValueChecker,
  onProgress: ImportOptions['onProgress'],
): AsyncGenerator<Placed[]> {
  let [part, letters]: [Placed[], number] = [[], 0];
  for await (const placed of inOrder(source, checking, onProgress)) {
    const isOther = part[0] !== undefined && isFact(part[0].episode) !== isFact(placed.episode);
    if (isOther || part.length >= MOST || letters >= MOST_LETTERS) {
      yield part;
      [part, letters] = [[], 0];
    }
    part.push(placed);
    letters += placed.episode.content.length;
  }
  if (part.length > 0) yield part;
}

/** An entity keeps its first type, so given facts are imported before a model reads the texts. */
async function* inOrder(
  source: InputSource,
  checking: ValueChecker,
  onProgress: ImportOptions['onProgress'] = () => {},
): AsyncGenerator<Placed> {
  const rounds = checking.isGraph() ? [isFact, (episode: Episode) => !isFact(episode)] : [() => true];
  for (const [index, isOfRound] of rounds.entries()) {
    const show = (share: number) => onProgress((index + share) / rounds.length, 'import');
    for await (const value of source.values(show)) {
      const checked = checking.check(value);
      // The check has reported this problem, unless the file has changed since.
      if ('problem' in checked) continue;
      for (const episode of checked.episodes.filter(isOfRound)) yield { place: checked.place, episode };
    }
  }
}

const isFact = ({ source }: Episode): boolean => source === 'fact_triple';

/** @returns the uuids that are in the queue */
async function handIn(
  producer: Producer,
  part: Placed[],
  counts: ImportCounts,
  skipBroken: boolean,
): Promise<string[]> {
  const accepted = new Map<string, Episode>();
  const once: Placed[] = [];
  const refuse = (problem: string) => {
    if (!skipBroken) throw new InvalidInputError(problem);
    countSkipped(problem, counts);
  };
  for (const { place, episode } of part) {
    const earlier = accepted.get(episode.uuid);
    if (!earlier) once.push({ place, episode });
    else if (earlier.content === episode.content && earlier.group === episode.group) counts.duplicates += 1;
    else refuse(`${place}: The uuid ${episode.uuid} belongs to another episode of the same input; give each its own.`);
    accepted.set(episode.uuid, earlier ?? episode);
  }
  try {
    await add(producer, once, counts);
    return once.map(({ episode }) => episode.uuid);
  } catch (error) {
    if (!(error instanceof InvalidInputError && skipBroken)) throw error;
  }
  const added: string[] = [];
  for (const entry of once) {
    try {
      await add(producer, [entry], counts);
      added.push(entry.episode.uuid);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      refuse(error.message);
    }
  }
  return added;
}

async function add(producer: Producer, part: readonly Placed[], counts: ImportCounts): Promise<void> {
  const episodes = part.map(({ episode }) => episode);
  const receipts = await producer.storeMany(episodes, new Set(episodes.map(({ uuid }) => uuid)), {
    nameOf: (index) => part[index]?.place ?? '',
  });
  for (const [index, { name }] of receipts.entries()) {
    // A known episode keeps its first name.
    if (name === episodes[index]?.name) counts.added += 1;
    else counts.duplicates += 1;
  }
}

async function waitForAll(
  services: Services,
  uuids: readonly string[],
  counts: ImportCounts,
  { timeoutMs, signal }: ImportOptions,
): Promise<void> {
  for (const uuid of uuids) {
    try {
      await waitFor(services, 'store', uuid, { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof JobFailedError)) throw error;
      counts.failed += 1;
      counts.failure ??= error.message;
    }
  }
}

/** The path of a file, a text, or a stream. */
export type ImportSource = string | { readonly text: string } | AsyncIterable<Uint8Array | string>;

/** An input that can be read more than once. */
export interface InputSource {
  /** @param onProgress called with the share that was read, from 0 to 1 */
  values(onProgress?: (share: number) => void): AsyncIterable<InputItem>;
  close(): Promise<void>;
}

/** @throws InvalidInputError when it cannot be read */
export async function openInputSource(source: ImportSource, maxContentBytes: number): Promise<InputSource> {
  checkSource(source);
  if (typeof source === 'string') return sourceOf(source, maxContentBytes, async () => {});
  // A stream can be read only once, so it is copied to disk.
  const folder = await mkdtemp(join(tmpdir(), 'memory-import-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'input.json');
    const pieces = 'text' in source ? [source.text] : source;
    await pipeline(pieces, createWriteStream(file, { mode: 0o600 }));
    return await sourceOf(file, maxContentBytes, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function checkSource(source: unknown): void {
  if (typeof source === 'string') return;
  const input = (source ?? {}) as { readonly text?: unknown; readonly [Symbol.asyncIterator]?: unknown };
  if (typeof input.text === 'string' || typeof input[Symbol.asyncIterator] === 'function') return;
  throw new InvalidInputError('import takes the path of a file, { text }, or a stream.');
}

async function sourceOf(file: string, maxContentBytes: number, close: () => Promise<void>): Promise<InputSource> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw readError(file, error);
  });
  // JSON may write each character as six, and the metadata need room too.
  const longest = 6 * maxContentBytes + 1_000_000;
  return {
    values: (onProgress = () => {}) => readValues(decodeText(watched(readBytes(file), size, onProgress)), longest),
    close,
  };
}

async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  onProgress: (share: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    yield chunk;
    done += chunk.length;
    onProgress(Math.min(done / Math.max(size, 1), 1));
  }
}
