import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ArchiveDamagedError, isOperationalError } from '../errors.ts';
import { type DocumentPart, readDocument } from './archive-json.ts';
import { collectGarbage } from './collect-garbage.ts';
import { isNode } from './graph-element.ts';
import type { Manifest } from './manifest.ts';
import { type ArchiveStore, type MeasuredContent, measureContent, type StoredFile } from './stores/archive-store.ts';
import { timedStep } from './timed-step.ts';

/**
 * Reads the file of an archive to its end and compares its length and hash with the manifest's.
 * @param onProgress called with the finished share, from 0 to 1
 * @throws ArchiveDamagedError when a byte differs; InvalidInputError when there is no such file; ConfigError, ArchiveUnavailableError
 */
export async function checkBytes(
  store: ArchiveStore,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<void> {
  return timedStep(store, 'check', async () => {
    const bytes = measureContent(bounded(store.get(manifest.file), manifest.bytes, manifest.file));
    let done = 0;
    for await (const piece of bytes) {
      done += piece.length;
      onProgress(Math.min(done / Math.max(manifest.bytes, 1), 1));
    }
    compare(bytes.result(), manifest, manifest.file);
  });
}

/**
 * The parts of an archive as they are read. Whether all of its bytes are right is known only at the end.
 * @throws ArchiveDamagedError at the latest after the last part; InvalidInputError when there is no such file; ConfigError, ArchiveUnavailableError
 */
export async function* readParts(store: ArchiveStore, manifest: Manifest): AsyncGenerator<DocumentPart> {
  const { file, counts } = manifest;
  const stored = measureContent(bounded(store.get(file), manifest.bytes, file));
  const json = manifest.json ? measureContent(bounded(decompressed(stored), manifest.json.bytes, file)) : undefined;
  let [nodes, edges] = [0, 0];
  for await (const part of readDocument(json ?? stored)) {
    if ('head' in part && part.head.group !== manifest.group)
      throw new ArchiveDamagedError(`The archive ${file} is of another group than its manifest says.`);
    if ('elements' in part) {
      for (const element of part.elements) if (isNode(element)) nodes += 1;
      edges += part.elements.length;
      if (nodes > counts.nodes || edges - nodes > counts.edges) throw moreThanSaid(file, 'nodes or edges');
    }
    yield part;
    collectGarbage();
  }
  compare(stored.result(), manifest, manifest.file);
  if (json && manifest.json) compare(json.result(), manifest.json, manifest.file);
}

/** Throws as soon as the content is longer than the manifest says, since compressed content may be endless. */
async function* bounded(content: AsyncIterable<Uint8Array>, most: number, file: string): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (bytes > most) throw moreThanSaid(file, 'bytes');
    yield piece;
  }
}

const moreThanSaid = (file: string, what: string): ArchiveDamagedError =>
  new ArchiveDamagedError(`The archive ${file} is damaged: it holds more ${what} than its manifest says.`);

function compare(found: StoredFile, expected: StoredFile, file: string): void {
  if (found.bytes === expected.bytes && found.sha256 === expected.sha256) return;
  throw new ArchiveDamagedError(
    found.bytes === expected.bytes
      ? `The archive ${file} is damaged: its SHA-256 is not that of its manifest.`
      : `The archive ${file} is damaged: it has ${found.bytes} bytes, and ${expected.bytes} by its manifest.`,
  );
}

async function* decompressed(stored: MeasuredContent): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const source = Readable.from(stored);
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    // The store's errors are passed on; an error of zlib means that bytes are wrong.
    if (isOperationalError(error)) throw error;
    throw new ArchiveDamagedError('The archive cannot be decompressed.', { cause: error });
  } finally {
    source.destroy();
  }
}
