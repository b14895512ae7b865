import type { FileVersion, Page } from 'backblaze-b2';
import { isArchiveFileName, type ListedFile, newestFirst } from '../archive-store.ts';
import { toCallFailure } from './failures.ts';
import { timeLimit } from './request-options.ts';
import type { B2Session } from './session.ts';
import { WRITER_INFO } from './upload.ts';

/** As many as B2 counts as one transaction. */
const PAGE = 1000;
const UNFINISHED_PAGE = 100;

export async function listFiles(session: B2Session, namePrefix: string): Promise<ListedFile[]> {
  const { place, policy } = session;
  const prefix = place.prefix + namePrefix;
  const found: ListedFile[] = [];
  for (let next: string | null | undefined = ''; next !== null && next !== undefined; ) {
    const startFileName: string = next;
    const { data } = await session.ask('listFiles', (b2, { bucketId }) =>
      b2.listFileNames({
        bucketId,
        prefix,
        startFileName,
        maxFileCount: PAGE,
        axiosOverride: timeLimit(policy.callMs),
      }),
    );
    for (const { fileName, action, contentLength: bytes, uploadTimestamp } of data.files) {
      const name = fileName.slice(place.prefix.length);
      if (action === 'upload' && isArchiveFileName(name)) found.push({ name, bytes, at: new Date(uploadTimestamp) });
    }
    next = data.nextFileName;
  }
  return newestFirst(found);
}

/** Oldest version first: if this is interrupted, no older version becomes the current one. */
export async function deleteFile(session: B2Session, fileName: string): Promise<void> {
  const versions = await versionsOf(session, fileName);
  for (const { fileId } of versions.reverse())
    await session.ask('deleteFiles', (b2) =>
      b2
        .deleteFileVersion({ fileId, fileName, axiosOverride: timeLimit(session.policy.callMs) })
        .catch(unlessGone('file_not_present')),
    );
}

async function versionsOf(session: B2Session, fileName: string): Promise<FileVersion[]> {
  const versions: FileVersion[] = [];
  for (let startFileId: string | undefined; ; ) {
    const { data } = await session.ask('listFiles', (b2, { bucketId }) =>
      b2.listFileVersions({
        bucketId,
        startFileName: fileName,
        startFileId,
        maxFileCount: PAGE,
        // The library does not send it, and keys that are limited to a prefix need it.
        axiosOverride: { ...timeLimit(session.policy.callMs), data: { prefix: fileName } },
      }),
    );
    versions.push(...data.files.filter((file) => file.fileName === fileName && file.action !== 'start'));
    if (data.nextFileName !== fileName || !data.nextFileId) return versions;
    startFileId = data.nextFileId;
  }
}

/** @returns how many of our own unfinished large files were cancelled */
export async function cancelUnfinished(session: B2Session, untouchedForMs: number): Promise<number> {
  const until = Date.now() - untouchedForMs;
  let cancelled = 0;
  for await (const { fileId, fileInfo, uploadTimestamp } of unfinished(session)) {
    if (fileInfo?.writer !== WRITER_INFO.writer || uploadTimestamp > until) continue;
    await session.ask('writeFiles', (b2) =>
      b2.cancelLargeFile({ fileId, axiosOverride: timeLimit(session.policy.callMs) }).catch(unlessGone('bad_request')),
    );
    cancelled += 1;
  }
  return cancelled;
}

async function* unfinished(session: B2Session): AsyncGenerator<FileVersion> {
  const { place, policy } = session;
  for (let startFileId: string | undefined; ; ) {
    // The library has no function for this call; this function sends the same members.
    const { data } = await session.ask('listFiles', (b2, { bucketId }) =>
      b2.getUploadUrl<Page>({
        bucketId,
        axiosOverride: {
          ...timeLimit(policy.callMs),
          url: `${b2.apiUrl}/b2api/v2/b2_list_unfinished_large_files`,
          data: { namePrefix: place.prefix, startFileId, maxFileCount: UNFINISHED_PAGE },
        },
      }),
    );
    yield* data.files;
    if (!data.nextFileId) return;
    startFileId = data.nextFileId;
  }
}

/** A file that another process has just removed counts as removed. */
const unlessGone = (code: string) => (error: unknown) => {
  const failure = toCallFailure(error);
  if (failure.status !== 400 || failure.code !== code) throw failure;
};
