import { type Bucket, checkAllowed, type FakeKey } from './account.ts';
import { B2Refusal, badRequest, checkFileName, type Operation } from './protocol.ts';
import type { Storage, Version } from './storage.ts';
import type { UploadUrls } from './upload-urls.ts';

interface Member {
  readonly accountId?: string;
  readonly bucketId?: string;
  readonly bucketName?: string;
  readonly fileId?: string;
  readonly fileName?: string;
  readonly contentType?: string;
  readonly fileInfo?: Record<string, string>;
  readonly partSha1Array?: readonly string[];
  readonly startFileName?: string;
  readonly startFileId?: string;
  readonly maxFileCount?: number;
  readonly prefix?: string;
  readonly namePrefix?: string;
  readonly delimiter?: string | null;
}

export interface ApiParts {
  readonly storage: Storage;
  readonly uploadUrls: UploadUrls;
  readonly buckets: readonly Bucket[];
  readonly accountId: string;
}

interface Handler {
  /** Accepted members; others are refused. */
  readonly takes: readonly (keyof Member)[];
  readonly answer: (body: Member, key: FakeKey) => unknown;
}

/** The calls with JSON requests and replies. */
export function jsonApi({ storage, uploadUrls, buckets, accountId }: ApiParts) {
  const bucketOf = (bucketId: string | undefined) => {
    const bucket = buckets.find((known) => known.bucketId === bucketId);
    if (!bucket) throw badRequest(`Bucket ${bucketId} does not exist`);
    return bucket;
  };
  const versionOf = (fileId = '') => {
    const found = storage.all().find((version) => version.fileId === fileId);
    if (!found) throw new B2Refusal(400, 'file_not_present', `File ${fileId} is not there`);
    return found;
  };
  const allow = (key: FakeKey, capability: string, { bucketId, fileName }: { bucketId?: string; fileName?: string }) =>
    checkAllowed(key, capability, bucketOf(bucketId), fileName);

  const listing = (body: Member, key: FakeKey, most: number, prefix: string) => {
    allow(key, 'listFiles', { ...body, fileName: prefix });
    const { maxFileCount = 100 } = body;
    if (!(maxFileCount >= 1 && maxFileCount <= most)) throw badRequest(`maxFileCount must be from 1 to ${most}`);
    return { versions: storage.sorted(body.bucketId ?? '', prefix), maxFileCount };
  };

  const handlers: Partial<Record<Operation, Handler>> = {
    list_buckets: {
      takes: ['accountId', 'bucketId', 'bucketName'],
      answer(body, key) {
        if (body.accountId !== accountId) throw badRequest('Unknown account');
        const found = buckets.filter(
          ({ bucketId, bucketName }) =>
            (body.bucketId ?? bucketId) === bucketId && (body.bucketName ?? bucketName) === bucketName,
        );
        checkAllowed({ ...key, ...(found.length === 0 && { bucket: undefined }) }, 'listBuckets', found[0]);
        return { buckets: found };
      },
    },
    get_upload_url: {
      takes: ['bucketId'],
      answer(body, key) {
        allow(key, 'writeFiles', { ...body, fileName: undefined });
        return { bucketId: body.bucketId, ...uploadUrls.open('upload_file', body.bucketId ?? '', key) };
      },
    },
    start_large_file: {
      takes: ['bucketId', 'fileName', 'contentType', 'fileInfo'],
      answer(body, key) {
        allow(key, 'writeFiles', body);
        const { bucketId = '', fileName = '', contentType, fileInfo = {} } = body;
        checkFileName(fileName);
        if (!contentType) throw badRequest('contentType is missing');
        if (Object.keys(fileInfo).length > 10) throw badRequest('Too much file info');
        return versionReply(storage.add({ bucketId, fileName, contentType, fileInfo, action: 'start' }));
      },
    },
    get_upload_part_url: {
      takes: ['fileId'],
      answer({ fileId = '' }, key) {
        allow(key, 'writeFiles', storage.large(fileId));
        return { fileId, ...uploadUrls.open('upload_part', fileId, key) };
      },
    },
    finish_large_file: {
      takes: ['fileId', 'partSha1Array'],
      answer({ fileId = '', partSha1Array = [] }, key) {
        allow(key, 'writeFiles', storage.large(fileId));
        return versionReply(storage.finish(fileId, partSha1Array));
      },
    },
    cancel_large_file: {
      takes: ['fileId'],
      answer({ fileId = '' }, key) {
        const { bucketId, fileName } = storage.large(fileId);
        allow(key, 'writeFiles', { bucketId, fileName });
        storage.remove(fileId);
        return { fileId, accountId, bucketId, fileName };
      },
    },
    get_file_info: {
      takes: ['fileId'],
      answer({ fileId }, key) {
        const version = versionOf(fileId);
        allow(key, 'readFiles', version);
        return versionReply(version);
      },
    },
    list_file_names: {
      takes: ['bucketId', 'startFileName', 'maxFileCount', 'prefix', 'delimiter'],
      answer(body, key) {
        const { versions, maxFileCount } = listing(body, key, 10_000, body.prefix ?? '');
        const finished = versions.filter(({ action }) => action !== 'start');
        const newest = finished.filter(({ fileName }, index) => finished[index - 1]?.fileName !== fileName);
        const visible = newest.filter(
          ({ action, fileName }) => action === 'upload' && fileName >= (body.startFileName ?? ''),
        );
        return {
          files: visible.slice(0, maxFileCount).map(versionReply),
          nextFileName: visible[maxFileCount]?.fileName ?? null,
        };
      },
    },
    list_file_versions: {
      takes: ['bucketId', 'startFileName', 'startFileId', 'maxFileCount', 'prefix', 'delimiter'],
      answer(body, key) {
        const { versions, maxFileCount } = listing(body, key, 10_000, body.prefix ?? '');
        const { startFileName = '', startFileId } = body;
        const begin = versions.findIndex(({ fileName, fileId }) =>
          startFileId ? fileId === startFileId : fileName >= startFileName,
        );
        const rest = begin < 0 ? [] : versions.slice(begin);
        const next = rest[maxFileCount];
        return {
          files: rest.slice(0, maxFileCount).map(versionReply),
          nextFileName: next?.fileName ?? null,
          nextFileId: next?.fileId ?? null,
        };
      },
    },
    list_unfinished_large_files: {
      takes: ['bucketId', 'namePrefix', 'startFileId', 'maxFileCount'],
      answer(body, key) {
        const { versions, maxFileCount } = listing(body, key, 100, body.namePrefix ?? '');
        const unfinished = versions.filter(({ action }) => action === 'start');
        const begin = body.startFileId ? unfinished.findIndex(({ fileId }) => fileId === body.startFileId) : 0;
        const rest = begin < 0 ? [] : unfinished.slice(begin);
        return { files: rest.slice(0, maxFileCount).map(versionReply), nextFileId: rest[maxFileCount]?.fileId ?? null };
      },
    },
    delete_file_version: {
      takes: ['fileId', 'fileName'],
      answer({ fileId = '', fileName }, key) {
        const version = versionOf(fileId);
        allow(key, 'deleteFiles', version);
        if (version.fileName !== fileName) throw badRequest('The file has another name');
        storage.remove(fileId);
        return { fileId, fileName };
      },
    },
    hide_file: {
      takes: ['bucketId', 'fileName'],
      answer(body, key) {
        allow(key, 'writeFiles', body);
        const { bucketId = '', fileName = '' } = body;
        return versionReply(storage.add({ bucketId, fileName, contentType: '', fileInfo: {}, action: 'hide' }));
      },
    },
  };

  return (operation: Operation, body: Member, key: FakeKey): unknown => {
    const handler = handlers[operation];
    if (!handler) throw badRequest(`Unknown call b2_${operation}`);
    const unknown = Object.keys(body).find((member) => !handler.takes.includes(member as keyof Member));
    if (unknown) throw badRequest(`Unknown member ${unknown}`);
    return handler.answer(body, key);
  };
}

export function versionReply({ content: _, parts: __, ...version }: Version) {
  return { ...version, accountId: 'fakeaccount01' };
}
