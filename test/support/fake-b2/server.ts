import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { B2Settings } from '../../../src/archive/stores/b2/declaration.ts';
import { ALL_CAPABILITIES, type FakeKey, openAccount } from './account.ts';
import { jsonApi } from './api.ts';
import { download } from './download.ts';
import { codeOf, type Fault, openFaults } from './faults.ts';
import { B2Refusal, type Operation } from './protocol.ts';
import { receive } from './receive.ts';
import { openStorage } from './storage.ts';
import { openUploadUrls } from './upload-urls.ts';

export interface FakeB2Options {
  readonly buckets?: readonly string[];
  /** Bytes; the real minimum is 5 MB. */
  readonly minimumPart?: number;
  /** False: content is checked but not kept. */
  readonly keeps?: boolean;
}

export interface FakeB2 {
  /** Settings with a key that has all rights in every bucket. */
  readonly settings: B2Settings & { readonly keyId: string; readonly appKey: string; readonly bucket: string };
  /** The calls in order, with the status of the reply; 0 for a broken connection. */
  readonly calls: readonly {
    readonly operation: Operation;
    readonly at: number;
    status: number;
    readonly path: string;
  }[];
  called(operation: Operation): FakeB2['calls'];
  /** Another key for the same account. */
  addKey(key: Omit<FakeKey, 'id' | 'key'>): FakeKey;
  deleteKey(id: string): void;
  /** Makes the next calls fail, one call per fault. */
  fail(...faults: Fault[]): void;
  /** Every connection breaks after this number of uploaded bytes, until `repair`. */
  cutAfter(bytes: number): void;
  repair(): void;
  expireTokens(): void;
  expireUploadUrls(): void;
  /** Adds a file of another program, or a large file that is never finished. */
  add(name: string, content: Buffer | 'unfinished'): void;
  /** File names in a bucket as a reader sees them, without unfinished files. */
  names(bucket?: string): string[];
  content(name: string): Buffer | undefined;
  versions(name: string): number;
  unfinished(): string[];
  /** Keys and tokens, which no error message may contain. */
  secrets(): string[];
  close(): Promise<void>;
}

const JSON_TYPE = { 'content-type': 'application/json;charset=UTF-8' };

/** A server that speaks B2's protocol, version 2, and refuses what B2 refuses. */
export async function startFakeB2({
  buckets: names = ['archives'],
  minimumPart = 100,
  keeps = true,
}: FakeB2Options = {}): Promise<FakeB2> {
  const buckets = names.map((bucketName, index) => ({ bucketId: `bucket${index}`, bucketName }));
  const keys: FakeKey[] = [{ id: 'key0', key: 'K0secret-application-key', capabilities: ALL_CAPABILITIES }];
  const account = openAccount(keys, buckets);
  const storage = openStorage(minimumPart, keeps);
  const uploadUrls = openUploadUrls(() => base);
  const answerJson = jsonApi({ storage, uploadUrls, buckets, accountId: account.accountId });
  const faults = openFaults();
  const calls: FakeB2['calls'][number][] = [];
  const sockets = new Set<Socket>();
  let cut = Number.POSITIVE_INFINITY;
  let received = 0;
  let base = '';

  const server = createServer((request, response) => {
    const call = { operation: operationOf(request.url ?? ''), at: Date.now(), status: 0, path: request.url ?? '' };
    calls.push(call);
    answer(request, response, call).catch((error: unknown) => {
      if (request.socket.destroyed) return;
      const { status, code, message } = error instanceof B2Refusal ? error : new B2Refusal(500, 'fake', String(error));
      call.status = status;
      // An unread body would be parsed as the next request on this connection.
      request.resume();
      response.writeHead(status, JSON_TYPE).end(JSON.stringify({ status, code, message }));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    call: { operation: Operation; status: number },
  ): Promise<void> {
    const fault = faults.take(call.operation);
    if (received >= cut) return void request.socket.resetAndDestroy();
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'refuse') return refuse(request, response, call, fault);
    const { url = '', headers } = request;
    const isUpload = call.operation === 'upload_file' || call.operation === 'upload_part';
    if (isUpload) {
      const target = uploadUrls.use(url, headers.authorization);
      // The URL becomes valid again only if the upload succeeds.
      target.spent = true;
      const body = await bodyOf(request, fault);
      const made = receive(target, headers, body, storage, buckets);
      if (fault?.kind === 'lost-answer') return void request.socket.resetAndDestroy();
      target.spent = false;
      target.busy = false;
      return send(response, call, 200, made);
    }
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy();
    if (call.operation === 'authorize_account')
      return send(response, call, 200, account.authorize(headers, base, { minimum: minimumPart, recommended: 1e8 }));
    const key = account.keyOf(headers.authorization);
    if (call.operation === 'download_file_by_name')
      return download({ request, response, call, fault }, key, storage, buckets);
    const body = await bodyOf(request, fault);
    const made = answerJson(call.operation, JSON.parse(body.toString()), key);
    if (fault?.kind === 'lost-answer') return void request.socket.resetAndDestroy();
    send(response, call, 200, made);
  }

  async function bodyOf(request: IncomingMessage, fault: Fault | undefined): Promise<Buffer> {
    const limit = fault?.kind === 'reset' ? (fault.after ?? 0) : Number.POSITIVE_INFINITY;
    const isUpload = request.headers['x-bz-content-sha1'] !== undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (fault?.kind === 'slow' && chunks.length < (fault.pieces ?? Number.POSITIVE_INFINITY)) await sleep(fault.ms);
      chunks.push(chunk);
      length += chunk.length;
      if (isUpload) received += chunk.length;
      if (length >= limit || received >= cut) request.socket.resetAndDestroy();
    }
    if (limit <= length || received >= cut) throw new Error('cut');
    return Buffer.concat(chunks);
  }

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    call: { status: number },
    { status, code = codeOf(status), retryAfter }: Fault & { kind: 'refuse' },
  ): void {
    uploadUrlSpent(request);
    request.resume();
    call.status = status;
    const after = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    // Real servers quote the request; the client must not pass the quotation on.
    const message = `Refused ${request.headers.authorization}`;
    response.writeHead(status, { ...JSON_TYPE, ...after }).end(JSON.stringify({ status, code, message }));
  }

  function uploadUrlSpent({ url = '', headers }: IncomingMessage): void {
    try {
      uploadUrls.use(url, headers.authorization).spent = true;
    } catch {
      // There is no upload URL, or the URL is invalid anyway.
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const filesOf = (name: string) => storage.all().filter((file) => file.fileName === name && file.action !== 'start');
  return {
    settings: {
      keyId: 'key0',
      appKey: 'K0secret-application-key',
      bucket: names[0] ?? '',
      prefix: '',
      authorizeUrl: `${base}/b2api/v2/b2_authorize_account`,
    },
    calls,
    called: (operation) => calls.filter((call) => call.operation === operation),
    addKey(restrictions) {
      const key = { id: `key${keys.length}`, key: `K${keys.length}secret-application-key`, ...restrictions };
      keys.push(key);
      return key;
    },
    deleteKey(id) {
      keys.splice(
        keys.findIndex((key) => key.id === id),
        1,
      );
      account.expire();
    },
    fail: faults.add,
    cutAfter(bytes) {
      received = 0;
      cut = bytes;
    },
    repair() {
      cut = Number.POSITIVE_INFINITY;
      faults.clear();
    },
    expireTokens: account.expire,
    expireUploadUrls: uploadUrls.expire,
    add(fileName, content) {
      const file = { bucketId: 'bucket0', fileName, contentType: 'text/plain', fileInfo: {} };
      if (content === 'unfinished') storage.add({ ...file, action: 'start' });
      else storage.upload(file, content);
    },
    names(bucket = names[0]) {
      const { bucketId = '' } = buckets.find(({ bucketName }) => bucketName === bucket) ?? {};
      const finished = storage.sorted(bucketId, '').filter(({ action }) => action === 'upload');
      return [...new Set(finished.map(({ fileName }) => fileName))];
    },
    content: (name) => filesOf(name).at(-1)?.content,
    versions: (name) => filesOf(name).length,
    unfinished: () =>
      storage
        .all()
        .filter(({ action }) => action === 'start')
        .map(({ fileName }) => fileName),
    secrets: () => [...account.secrets(), ...uploadUrls.tokens()],
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function operationOf(url: string): Operation {
  if (url.startsWith('/file/')) return 'download_file_by_name';
  return (/^\/b2api\/v2\/b2_(\w+)/.exec(url)?.[1] ?? 'unknown') as Operation;
}

function send(response: ServerResponse, call: { status: number }, status: number, body: unknown): void {
  if (response.destroyed) return;
  call.status = status;
  response.writeHead(status, JSON_TYPE).end(JSON.stringify(body));
}
