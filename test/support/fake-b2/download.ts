import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Bucket, checkAllowed, type FakeKey } from './account.ts';
import type { Fault } from './faults.ts';
import { B2Refusal } from './protocol.ts';
import type { Storage } from './storage.ts';

export interface DownloadRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly call: { status: number };
  readonly fault: Fault | undefined;
}

/** Sends the newest version of `/file/<bucket>/<name>`, or the requested range of it. */
export function download(asked: DownloadRequest, key: FakeKey, storage: Storage, buckets: readonly Bucket[]): void {
  const { request, response, call, fault } = asked;
  const [, bucketName = '', ...path] = decodeURIComponent(request.url ?? '')
    .slice(1)
    .split('/');
  const fileName = path.join('/');
  const bucket = buckets.find((known) => known.bucketName === bucketName);
  checkAllowed(key, 'readFiles', bucket, fileName);
  const newest = storage
    .sorted(bucket?.bucketId ?? '', fileName)
    .find((file) => file.fileName === fileName && file.action !== 'start');
  if (newest?.action !== 'upload') throw new B2Refusal(404, 'not_found', `File ${fileName} does not exist`);
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  if (from !== undefined && Number(from) >= newest.contentLength)
    throw new B2Refusal(416, 'range_not_satisfiable', 'The range is not in the file');
  const content = newest.content.subarray(Number(from ?? 0));
  call.status = from === undefined ? 200 : 206;
  response.writeHead(call.status, {
    'content-type': newest.contentType,
    'content-length': content.length,
    'x-bz-file-id': newest.fileId,
    'x-bz-file-name': encodeURIComponent(fileName),
    'x-bz-content-sha1': newest.contentSha1 ?? 'none',
  });
  if (fault?.kind === 'silent-in-answer') response.write(content.subarray(0, fault.after));
  else if (fault?.kind === 'reset-in-answer')
    response.write(content.subarray(0, fault.after), () => request.socket.resetAndDestroy());
  else response.end(content);
}
