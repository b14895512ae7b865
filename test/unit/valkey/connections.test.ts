import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { failFastConnection, singleConnection, waitUntilReady } from '../../../src/valkey/connections.ts';
import { until } from '../../support/wait.ts';

const GREETING = '%1\r\n+server\r\n+valkey\r\n';
const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server of the test on a free port. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('repeated waits in vain leave no listeners behind', async () => {
  const connection = failFastConnection({ host: '127.0.0.1', port: 1, tls: false });

  for (let count = 0; count < 5; count += 1) await expect(waitUntilReady(connection, 50)).rejects.toThrow();

  // One may be ioredis's own, and each connection has one of its own for `ready` and one for errors.
  for (const event of ['ready', 'error', 'end']) expect(connection.listenerCount(event)).toBeLessThanOrEqual(2);
  connection.disconnect();
});

test('many rejections from a demoted server close its connection once', async () => {
  let connections = 0;
  const port = await listen((socket) => {
    connections += 1;
    const isFirst = connections === 1;
    socket.on('data', (data) => {
      if (/hello/.test(data.toString())) socket.write(GREETING);
      const count = data.toString().match(/^set\r$/gim)?.length ?? 0;
      socket.write((isFirst ? '-READONLY a replica\r\n' : '+OK\r\n').repeat(count));
    });
  });
  const connection = failFastConnection({ host: '127.0.0.1', port, tls: false });
  await waitUntilReady(connection, 10_000);
  const { stream } = connection;
  const before = stream.listenerCount('close');

  const refused = await Promise.allSettled(Array.from({ length: 15 }, () => connection.set('a', 'b')));
  const after = stream.listenerCount('close');

  expect(refused.filter(({ status }) => status === 'rejected')).toHaveLength(15);
  expect(after - before).toBeLessThanOrEqual(1);
  const isStored = () => connection.set('a', 'b').catch(() => undefined);
  await until('a new connection', async () => (await isStored()) === 'OK');
  expect(connections).toBe(2);
  connection.disconnect();
});

test('two frozen sentinels before a working one leave enough time to connect, and are not tried again', async () => {
  const answering = (answers: Readonly<Record<string, string>>) => (socket: Socket) =>
    socket.on('data', (data) => {
      for (const [, command = '', word = ''] of data
        .toString()
        .matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n\$\d+\r\n([\w-]+)/g))
        socket.write(answers[command.toLowerCase()] ?? answers[word.toLowerCase()] ?? '+OK\r\n');
    });
  const primary = await listen(answering({ hello: GREETING }));
  let asked = 0;
  const frozen = () => listen(() => (asked += 1));
  const good = await listen(
    answering({
      hello: GREETING,
      'get-master-addr-by-name': `*2\r\n+127.0.0.1\r\n+${primary}\r\n`,
      sentinels: '*0\r\n',
    }),
  );
  const nodes = [await frozen(), await frozen(), good].map((port) => ({ host: '127.0.0.1', port }));
  const address = {
    host: '127.0.0.1',
    port: 1,
    tls: false,
    topology: { kind: 'sentinel', name: 'main', nodes },
  } as const;
  const connect = async () => {
    const connection = singleConnection(address, 3000);
    await waitUntilReady(connection, 3000).finally(() => connection.disconnect());
  };

  await connect();
  expect(asked).toBe(2);
  await connect();
  expect(asked).toBe(2);
});
