import { expect, test } from 'vitest';
import { failFastConnection, waitUntilReady } from '../../../src/valkey/connections.ts';

test('waiting in vain again and again leaves no listeners behind', async () => {
  const connection = failFastConnection({ host: '127.0.0.1', port: 1, tls: false });

  for (let count = 0; count < 5; count += 1) await expect(waitUntilReady(connection, 50)).rejects.toThrow();

  // One may be ioredis's own, and each connection has one of its own for `ready` and one for errors.
  for (const event of ['ready', 'error', 'end']) expect(connection.listenerCount(event)).toBeLessThanOrEqual(2);
  connection.disconnect();
});
