import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { CALLS } from '../../../src/page/schemas.ts';
import { callPage, useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();
const page = useServedPage(stores);

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with headers that `fetch` does not let a program forge. */
function send(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Reply> {
  const { hostname, port } = new URL(page.server.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers, agent: false }, async (response) =>
      resolve({ status: response.statusCode, headers: response.headers, body: await text(response) }),
    )
      .on('error', reject)
      .end();
  });
}

const PATHS = ['/', '/ask?q=Harbor', '/api/v1/now', '/api/v1/news', '/api/v1/forget'];

test.each(PATHS)('%s refuses a forged Host and a page of another origin', async (path) => {
  const { host } = new URL(page.server.url);
  const forged: readonly Record<string, string>[] = [
    { Host: 'evil.example' },
    { Host: `evil.example:${new URL(page.server.url).port}` },
    { Host: host, Origin: 'https://evil.example' },
    { Host: host, Origin: 'null' },
    { Host: host, Origin: 'http://127.0.0.1:1' },
  ];
  const replies = await Promise.all(
    forged.map((headers) => send(path, { ...headers, Authorization: `Bearer ${page.server.token}` })),
  );

  expect(replies.map(({ status }) => status)).toEqual(forged.map(() => 403));
});

test.each([undefined, 'Bearer wrong', 'Bearer ', 'Basic x'])('a call with the token "%s" is refused', async (token) => {
  const calls = [...Object.keys(CALLS), 'news', 'no-such-call'];
  const replies = await Promise.all(
    calls.map((name) => send(`/api/v1/${name}`, token === undefined ? {} : { Authorization: token })),
  );

  expect(replies.map(({ status }) => status)).toEqual(calls.map(() => 401));
  expect(replies.map(({ body }) => body).join()).not.toContain('Harbor');
});

test('a token in the address, a cookie or a query is not accepted, and no cookie is set', async () => {
  const { token } = page.server;
  const inQuery = await send(`/api/v1/now?token=${token}`);
  const asCookie = await send('/api/v1/now', { Cookie: `token=${token}` });
  const html = await send('/');

  expect([inQuery.status, asCookie.status]).toEqual([401, 401]);
  expect(html.headers['set-cookie']).toBeUndefined();
  expect(html.body).not.toContain(token);
});

test('the page may run only its own script and style, and load nothing from other hosts', async () => {
  const { headers, body } = await send('/entities/anything');
  const hash = (content = '') => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(body) ?? [];
  const scripts = [...body.matchAll(/<script(?: type="module")?>([\s\S]*?)<\/script>/g)].map(([, script]) =>
    hash(script),
  );

  expect(headers['content-security-policy']).toBe(
    `default-src 'none'; script-src ${scripts.join(' ')}; style-src ${hash(style)}; connect-src 'self'; img-src data:; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  expect(body.match(/(?:src|href)="(?!data:|#)[^"]*"/g)).toBeNull();
});

test('no other origin may read, even after a preflight', async () => {
  const preflight = await send(
    '/api/v1/forget',
    { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    'OPTIONS',
  );
  const read = await send('/api/v1/session', { Authorization: `Bearer ${page.server.token}` });

  expect(preflight.status).toBe(403);
  for (const { headers } of [preflight, read])
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

test('changes are refused as GET, and a read-only page refuses every change', async () => {
  const changes = Object.entries(CALLS).flatMap(([name, { method }]) => (method === 'POST' ? [name] : []));
  const readOnly = await page.serve({ isReadOnly: true });
  const body = JSON.stringify({ episode: page.episodes[0], fingerprint: 'x', id: page.deadLetter, queue: 'store' });
  const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };

  const asGet = await Promise.all(changes.map((name) => page.get(name)));
  const refused = await Promise.all(changes.map((name) => callPage(readOnly, name, post)));

  expect(changes.length).toBeGreaterThan(2);
  expect(asGet.map(({ status }) => status)).toEqual(changes.map(() => 405));
  expect(refused.map(({ body }) => body.code)).toEqual(changes.map(() => 'ERR_READ_ONLY'));
  expect((await page.get('deadLetters')).body.letters).toHaveLength(1);
});

test('a form on another page cannot change anything, nor a request that is too long or not JSON', async () => {
  const form = await callPage(page.server, 'drop', {
    method: 'POST',
    headers: { 'Content-Type': 'text/plain' },
    body: JSON.stringify({ id: page.deadLetter, queue: 'store' }),
  });
  const long = await callPage(page.server, 'drop', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: 'x'.repeat(100_000), queue: 'store' }),
  });
  const broken = await page.post('drop', 'id');

  expect([form.status, long.status, broken.status]).toEqual([415, 413, 400]);
});

test('the page is at most 70 kB on the wire', async () => {
  const { hostname, port } = new URL(page.server.url);
  const bytes = await new Promise<number>((resolve) => {
    request({ hostname, port, path: '/', headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      let length = 0;
      response.on('data', (part: Buffer) => (length += part.length)).on('end', () => resolve(length));
    }).end();
  });

  expect(bytes).toBeLessThanOrEqual(70_000);
});

test('queue events are streamed as lines until the server stops', async () => {
  const server = await page.serve();
  const response = await fetch(new URL('/api/v1/news', server.url), {
    headers: { Authorization: `Bearer ${server.token}` },
  });
  const lines = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let read = '';
  const next = async () => {
    // An empty line only keeps the connection open.
    while (!read.trimStart().includes('\n')) read += (await lines?.read())?.value ?? '';
    const [line = '', ...rest] = read.trimStart().split('\n');
    read = rest.join('\n');
    return JSON.parse(line) as { jobs: { waiting: number; active: number; delayed: number } };
  };
  const isIdle = ({ jobs: { waiting, active, delayed } }: Awaited<ReturnType<typeof next>>) =>
    waiting + active + delayed === 0;
  let news = await next();
  // Tasks of the episodes may still wait.
  while (!isIdle(news)) news = await next();

  await server.close();

  expect(news).toEqual({
    jobs: { waiting: 0, active: 0, delayed: 0, failed: 1 },
    completed: page.episodes.length,
    lastEnded: expect.stringContaining(page.deadLetter),
    work: null,
  });
});
