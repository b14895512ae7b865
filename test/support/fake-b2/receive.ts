import type { IncomingHttpHeaders } from 'node:http';
import { type Bucket, checkAllowed } from './account.ts';
import { versionReply } from './api.ts';
import { B2Refusal, badRequest, checkFileName } from './protocol.ts';
import { type Storage, sha1 } from './storage.ts';
import type { UploadUrl } from './upload-urls.ts';

/** Handles an upload; `body` is the complete body. */
export function receive(
  url: UploadUrl,
  headers: IncomingHttpHeaders,
  body: Buffer,
  storage: Storage,
  buckets: readonly Bucket[],
): unknown {
  const length = headers['content-length'];
  if (length === undefined) throw new B2Refusal(411, 'length_required', 'Content-Length is missing');
  if (Number(length) !== body.length) throw badRequest('Content-Length is not the length of the body');
  const content = verified(headers, body);
  if (url.kind === 'upload_part') {
    const number = Number(headers['x-bz-part-number']);
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw badRequest('Part numbers are 1 to 10000');
    const contentSha1 = storage.uploadPart(url.of, number, content);
    return { fileId: url.of, partNumber: number, contentLength: content.length, contentSha1 };
  }
  const fileName = decodeURIComponent(String(headers['x-bz-file-name'] ?? ''));
  checkFileName(fileName);
  const contentType = headers['content-type'];
  if (!contentType) throw badRequest('Content-Type is missing');
  checkAllowed(
    url.key,
    'writeFiles',
    buckets.find(({ bucketId }) => bucketId === url.of),
    fileName,
  );
  const version = { bucketId: url.of, fileName, contentType, fileInfo: infoOf(headers) };
  return versionReply(storage.upload(version, content));
}

function verified(headers: IncomingHttpHeaders, body: Buffer): Buffer {
  const checksum = headers['x-bz-content-sha1'];
  if (checksum === undefined) throw badRequest('Missing header: X-Bz-Content-Sha1');
  if (checksum === 'do_not_verify') return body;
  const atEnd = checksum === 'hex_digits_at_end';
  const content = atEnd ? body.subarray(0, -40) : body;
  const expected = atEnd ? body.subarray(-40).toString() : String(checksum);
  if (!/^[0-9a-f]{40}$/.test(expected)) throw badRequest('Not a SHA-1');
  if (sha1(content) !== expected) throw badRequest('Checksum did not match data received');
  return content;
}

function infoOf(headers: IncomingHttpHeaders): Record<string, string> {
  const info = Object.entries(headers).filter(([name]) => name.startsWith('x-bz-info-'));
  if (info.length > 10) throw badRequest('Too many info headers');
  return Object.fromEntries(
    info.map(([name, value]) => [name.slice('x-bz-info-'.length), decodeURIComponent(String(value))]),
  );
}
