import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ArchiveDamaged, isForeseen } from '../errors.ts';
import { type Part, readDocument } from './document.ts';
import { tidy } from './little-memory.ts';
import type { Manifest } from './manifest.ts';
import { step } from './step.ts';
import type { ArchiveStore, Stored } from './stores/store.ts';
import { type Tally, tally } from './stores/tally.ts';

/**
 * Reads the file of an archive to its end and compares its length and hash with the manifest's.
 * @param onProgress told the share that is done, from 0 to 1
 * @throws ArchiveDamaged when a byte differs; InvalidInput when there is no such file; ConfigError, ArchiveAway
 */
export async function checkBytes(
  store: ArchiveStore,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<void> {
  return step(store, 'check', async () => {
    const bytes = tally(store.get(manifest.file));
    let done = 0;
    for await (const piece of bytes) {
      done += piece.length;
      onProgress(Math.min(done / Math.max(manifest.bytes, 1), 1));
    }
    compare(bytes.result(), manifest, manifest.file);
  });
}

/**
 * The parts of an archive as they are read. That all of its bytes are right shows only at the end.
 * @throws ArchiveDamaged at the latest after the last part; InvalidInput when there is no such file; ConfigError, ArchiveAway
 */
export async function* readParts(store: ArchiveStore, manifest: Manifest): AsyncGenerator<Part> {
  const stored = tally(store.get(manifest.file));
  const json = manifest.json ? tally(decompressed(stored)) : undefined;
  for await (const part of readDocument(json ?? stored)) {
    if ('head' in part && part.head.group !== manifest.group)
      throw new ArchiveDamaged(`The archive ${manifest.file} is of another group than its manifest says.`);
    yield part;
    tidy();
  }
  compare(stored.result(), manifest, manifest.file);
  if (json && manifest.json) compare(json.result(), manifest.json, manifest.file);
}

function compare(found: Stored, wanted: Stored, file: string): void {
  if (found.bytes === wanted.bytes && found.sha256 === wanted.sha256) return;
  throw new ArchiveDamaged(
    found.bytes === wanted.bytes
      ? `The archive ${file} is damaged: its SHA-256 is not that of its manifest.`
      : `The archive ${file} is damaged: it has ${found.bytes} bytes, and ${wanted.bytes} by its manifest.`,
  );
}

async function* decompressed(stored: Tally): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const source = Readable.from(stored);
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    // What the store says passes; what zlib says means that bytes are wrong.
    if (isForeseen(error)) throw error;
    throw new ArchiveDamaged('The archive cannot be decompressed.', { cause: error });
  } finally {
    source.destroy();
  }
}
