import { Readable } from 'node:stream';
import { ArchiveUnavailableError } from '../../../errors.ts';
import { noSuchArchive } from '../archive-store.ts';
import { pauseBeforeRetry, withIdleTimeout } from '../remote-calls.ts';
import { b2ArchiveError, isRetryable, toCallFailure } from './failures.ts';
import { locationName } from './location.ts';
import { silenceLimit } from './request-options.ts';
import type { B2Session } from './session.ts';

interface Opened {
  readonly fileId: string | undefined;
  readonly stream: Readable;
}

/**
 * The bytes of a file from `from` on. A broken download continues where it broke, if each attempt brings at least one byte.
 * @throws ConfigError, ArchiveUnavailableError; InvalidInputError when there is no such file
 */
export async function* download(session: B2Session, name: string, from: number): AsyncGenerator<Uint8Array> {
  const { place, policy } = session;
  let fileId: string | undefined;
  for (let at = from, attempt = 1; ; attempt += 1) {
    const opened = await open(session, place.prefix + name, at);
    if (opened === 'missing') throw noSuchArchive(name, locationName(place));
    if (opened === 'at its end') return;
    fileId ??= opened.fileId;
    try {
      if (opened.fileId !== fileId)
        throw new ArchiveUnavailableError(
          `The archive was replaced while it was read from ${place.server}; read it again.`,
        );
      for await (const chunk of withIdleTimeout(opened.stream, policy.silenceMs)) {
        at += chunk.length;
        attempt = 1;
        yield chunk;
      }
      return;
    } catch (error) {
      const failure = toCallFailure(error);
      if (!isRetryable(failure) || !(await pauseBeforeRetry(attempt, failure, policy)))
        throw b2ArchiveError(failure, place);
    } finally {
      opened.stream.destroy();
    }
  }
}

async function open(session: B2Session, fileName: string, from: number): Promise<Opened | 'missing' | 'at its end'> {
  const { place, policy } = session;
  const range = from > 0 ? { headers: { Range: `bytes=${from}-` } } : {};
  return session.ask('readFiles', async (b2) => {
    try {
      const reply = await b2.downloadFileByName({
        bucketName: place.bucket,
        fileName,
        responseType: 'stream',
        // An offset counts stored bytes.
        axiosOverride: { ...silenceLimit(policy.callMs), ...range, decompress: false },
      });
      return { fileId: reply.headers['x-bz-file-id'], stream: reply.data };
    } catch (error) {
      const failure = toCallFailure(await withCode(error));
      if (failure.status === 404) return 'missing';
      if (failure.status === 416) return 'at its end';
      throw failure;
    }
  });
}

/** B2's code of a refused download is in the stream. */
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
