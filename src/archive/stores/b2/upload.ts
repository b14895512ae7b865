import { createHash } from 'node:crypto';
import type { default as B2, Reply, Target } from 'backblaze-b2';
import { CallFailedError, pauseBeforeRetry } from '../remote-calls.ts';
import type { B2Account } from './authorize.ts';
import { b2ArchiveError, isRetryable, toCallFailure } from './failures.ts';
import { timeLimit, uploadLimit } from './request-options.ts';
import type { B2Session } from './session.ts';

export interface FilePart {
  /** Valid until the next part is read. */
  readonly data: Buffer;
  readonly last: boolean;
}

/** Splits content into parts of `size` bytes; the last one may be shorter. There is always at least one part, possibly empty. */
export async function* splitIntoParts(content: AsyncIterable<Buffer>, size: number): AsyncGenerator<FilePart> {
  // One for all parts: new ones would stay in memory until they are collected.
  const buffer = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const chunk of content)
    for (let taken = 0; taken < chunk.length; ) {
      // A part is yielded as not the last only when further content has arrived.
      if (filled === size) {
        yield { data: buffer, last: false };
        filled = 0;
      }
      const copied = chunk.copy(buffer, filled, taken);
      filled += copied;
      taken += copied;
    }
  yield { data: buffer.subarray(0, filled), last: true };
}

/** Distinguishes our unfinished files from those of other programs. */
export const WRITER_INFO = { writer: 'memory-manager' };
const TYPE = 'application/octet-stream';

/**
 * Sends content as one file, or as a large one in parts when it is longer than a part.
 * @returns in how many parts
 * @throws ConfigError, ArchiveUnavailableError, and what the content throws; then the name keeps its earlier file, if any
 */
export async function upload(
  session: B2Session,
  fileName: string,
  content: AsyncIterable<Buffer>,
  partSize: number,
): Promise<number> {
  const leastPart = await session.ask('writeFiles', async (_, account) => account.leastPart);
  const parts = splitIntoParts(content, Math.max(partSize, leastPart));
  const first = (await parts.next()).value as FilePart;
  if (first.last) {
    await uploadWhole(session, fileName, first.data);
    return 1;
  }
  const fileId = await startLargeFile(session, fileName);
  try {
    return await uploadParts(session, fileId, first, parts);
  } catch (error) {
    // If this fails too, the file stays unfinished and invisible until it is swept.
    await session
      .ask('writeFiles', (b2) => b2.cancelLargeFile({ fileId, axiosOverride: timeLimit(session.policy.callMs) }))
      .catch(() => {});
    throw error;
  }
}

async function uploadWhole(session: B2Session, fileName: string, data: Buffer): Promise<void> {
  const send = sender(session, (b2, { bucketId }) =>
    b2.getUploadUrl({ bucketId, axiosOverride: timeLimit(session.policy.callMs) }),
  );
  await send(data, (b2, common) => b2.uploadFile({ ...common, fileName, mime: TYPE }));
}

async function startLargeFile(session: B2Session, fileName: string): Promise<string> {
  const { data } = await session.ask('writeFiles', (b2, { bucketId }) =>
    b2.startLargeFile({
      bucketId,
      fileName,
      contentType: TYPE,
      axiosOverride: { ...timeLimit(session.policy.callMs), data: { fileInfo: WRITER_INFO } },
    }),
  );
  return data.fileId;
}

async function uploadParts(
  session: B2Session,
  fileId: string,
  first: FilePart,
  rest: AsyncIterable<FilePart>,
): Promise<number> {
  const send = sender(session, (b2) =>
    b2.getUploadPartUrl({ fileId, axiosOverride: timeLimit(session.policy.callMs) }),
  );
  const sha1s: string[] = [];
  const sendPart = async ({ data }: FilePart) => {
    const partNumber = sha1s.length + 1;
    sha1s.push(await send(data, (b2, common) => b2.uploadPart({ ...common, partNumber })));
  };
  await sendPart(first);
  for await (const part of rest) await sendPart(part);
  await finish(session, fileId, sha1s);
  return sha1s.length;
}

async function finish(session: B2Session, fileId: string, partSha1Array: readonly string[]): Promise<void> {
  try {
    await session.ask('writeFiles', (b2) =>
      b2.finishLargeFile({ fileId, partSha1Array, axiosOverride: timeLimit(session.policy.callMs) }),
    );
  } catch (error) {
    // The file may have been finished and only the answer lost: then asking again was refused.
    const found = await session
      .ask('readFiles', (b2) => b2.getFileInfo({ fileId, axiosOverride: timeLimit(session.policy.callMs) }))
      .catch(() => undefined);
    if (found?.data.action !== 'upload') throw error;
  }
}

/** The parts of a request that all bodies share. */
interface Common {
  readonly uploadUrl: string;
  readonly uploadAuthToken: string;
  readonly data: Buffer;
  readonly hash: string;
  readonly axiosOverride: ReturnType<typeof uploadLimit>['axiosOverride'];
}

/** Sends bodies one after the other to one upload URL. After a failure the URL is replaced. */
function sender(session: B2Session, newTarget: (b2: B2, account: B2Account) => Promise<Reply<Target>>) {
  const { b2, place, policy, metrics } = session;
  let target: Target | undefined;
  return async (
    data: Buffer,
    post: (b2: B2, common: Common) => Promise<Reply<{ contentSha1: string | null }>>,
  ): Promise<string> => {
    const hash = createHash('sha1').update(data).digest('hex');
    for (let attempt = 1; ; attempt += 1) {
      target ??= (await session.ask('writeFiles', newTarget)).data;
      const { uploadUrl, authorizationToken: uploadAuthToken } = target;
      const { axiosOverride, end } = uploadLimit(policy.uploadMs, policy.silenceMs);
      try {
        const reply = await post(b2, { uploadUrl, uploadAuthToken, data, hash, axiosOverride });
        if (reply.data.contentSha1 !== hash) throw new CallFailedError(500, 'checksum_mismatch');
        return hash;
      } catch (error) {
        target = undefined;
        const failure = toCallFailure(error);
        if (!isRetryable(failure) || !(await pauseBeforeRetry(attempt, failure, policy)))
          throw b2ArchiveError(failure, place);
        metrics?.increment('opencode.memory.archive.retries');
      } finally {
        end();
      }
    }
  };
}
