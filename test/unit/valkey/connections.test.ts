import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { failFastConnection, waitUntilReady } from '../../../src/valkey/connections.ts';
import { until } from '../../support/wait.ts';

test('waiting in vain again and again leaves no listeners behind', async () => {
  const connection = failFastConnection({ host: '127.0.0.1', port: 1, tls: false });

  for (let count = 0; count < 5; count += 1) await expect(waitUntilReady(connection, 50)).rejects.toThrow();

  // One may be ioredis's own, and each connection has one of its own for `ready` and one for errors.
  for (const event of ['ready', 'error', 'end']) expect(connection.listenerCount(event)).toBeLessThanOrEqual(2);
  connection.disconnect();
});

test('many refusals of a demoted server end its connection once', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const isFirst = connections === 1;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (/hello/.test(data.toString())) socket.write('%1\r\n+server\r\n+valkey\r\n');
      const count = data.toString().match(/^set\r$/gim)?.length ?? 0;
      socket.write((isFirst ? '-READONLY a replica\r\n' : '+OK\r\n').repeat(count));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
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
  server.close();
});
