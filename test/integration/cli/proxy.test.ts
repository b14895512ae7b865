import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();
const asked: string[] = [];
let proxy: Server;
let address: string;

beforeAll(async () => {
  proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  proxy.on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(() => void proxy.close());
beforeEach(() => void asked.splice(0));

const openai = () => ({ ...environmentOf(stores.config), MEMORY_MODELS: 'openai', OPENAI_API_KEY: 'sk-test' });

test.each(['HTTPS_PROXY', 'https_proxy'])('%s is used for OpenAI', async (name) => {
  const ended = await runCommand(['query', 'Where?'], { ...openai(), [name]: address });

  expect(ended.status).toBe(1);
  expect(new Set(asked)).toEqual(new Set(['CONNECT api.openai.com:443']));
});

test('NO_PROXY is respected', async () => {
  await runCommand(['query', 'Where?'], {
    ...openai(),
    OPENAI_BASE_URL: 'http://model.invalid/v1',
    HTTP_PROXY: address,
    NO_PROXY: '.example,model.invalid',
  });

  expect(asked).toEqual([]);
});

test('a server on this machine is called directly', async () => {
  const fake = await startFakeOpenAI();

  const ended = await runCommand(['query', 'Where?'], { ...openai(), OPENAI_BASE_URL: fake.url, HTTP_PROXY: address });
  await fake.close();

  expect(ended).toMatchObject({ status: 0 });
  expect(asked).toEqual([]);
});

test('an invalid proxy address is reported', async () => {
  const ended = await runCommand(['query', 'Where?'], { ...openai(), HTTPS_PROXY: 'not an address' });

  expect(ended).toMatchObject(failedWith(/^HTTPS_PROXY is not the address of a proxy; write it like http:/));
});
