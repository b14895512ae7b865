import { Readable } from 'node:stream';
import { ArchiveUnavailableError } from '../../../errors.ts';
import { noSuchArchive } from '../store.ts';
import { attentive, failureOf, pausedFor, Refused, refusedOf } from './failures.ts';
import { placeName } from './place.ts';
import type { Session } from './session.ts';

interface Opened {
  readonly fileId: string | undefined;
  readonly stream: Readable;
}

/**
 * The bytes of a file from `from` on. A connection that breaks is taken up again where it broke, as long as each brings something.
 * @throws ConfigError, ArchiveUnavailableError; InvalidInputError when there is no such file
 */
export async function* download(session: Session, name: string, from: number): AsyncGenerator<Uint8Array> {
  const { place, patience } = session;
  let fileId: string | undefined;
  for (let at = from, attempt = 1; ; attempt += 1) {
    const opened = await open(session, place.prefix + name, at);
    if (opened === 'missing') throw noSuchArchive(name, placeName(place));
    if (opened === 'at its end') return;
    fileId ??= opened.fileId;
    try {
      if (opened.fileId !== fileId)
        throw new ArchiveUnavailableError(
          `The archive was replaced while it was read from ${place.server}; read it again.`,
        );
      for await (const chunk of watched(opened.stream, patience.silence)) {
        at += chunk.length;
        attempt = 1;
        yield chunk;
      }
      return;
    } catch (error) {
      const refused = refusedOf(error);
      if (!(await pausedFor(attempt, refused, patience))) throw failureOf(refused, place);
    } finally {
      opened.stream.destroy();
    }
  }
}

async function open(session: Session, fileName: string, from: number): Promise<Opened | 'missing' | 'at its end'> {
  const { place, patience } = session;
  const range = from > 0 ? { headers: { Range: `bytes=${from}-` } } : {};
  return session.ask('readFiles', async (b2) => {
    try {
      const reply = await b2.downloadFileByName({
        bucketName: place.bucket,
        fileName,
        responseType: 'stream',
        // Bytes as they lie there: an offset counts in those.
        axiosOverride: { ...attentive(patience.call), ...range, decompress: false },
      });
      return { fileId: reply.headers['x-bz-file-id'], stream: reply.data };
    } catch (error) {
      const refused = refusedOf(await withCode(error));
      if (refused.status === 404) return 'missing';
      if (refused.status === 416) return 'at its end';
      throw refused;
    }
  });
}

/** Of a refused stream the code stands in the stream. */
async function withCode(error: unknown): Promise<unknown> {
  const response = (error as { response?: { data?: unknown } }).response;
  if (!(response?.data instanceof Readable)) return error;
  let text = '';
  try {
    for await (const chunk of response.data) if (text.length < 10_000) text += chunk;
    return { response: { ...response, data: JSON.parse(text) } };
  } catch {
    return error;
  }
}

/** Breaks off when nothing comes for `silence` milliseconds. How long the reader takes does not count. */
async function* watched(stream: Readable, silence: number): AsyncGenerator<Buffer> {
  const wait = () => setTimeout(() => stream.destroy(new Refused(0, 'ETIMEDOUT')), silence);
  let timer = wait();
  try {
    for await (const chunk of stream) {
      clearTimeout(timer);
      yield chunk as Buffer;
      timer = wait();
    }
  } finally {
    clearTimeout(timer);
  }
}
