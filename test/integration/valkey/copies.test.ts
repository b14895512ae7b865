import { expect, test, vi } from 'vitest';
import { disconnectWithDuplicates, retryingConnection } from '../../../src/valkey/connections.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();

test('a connection closes together with its duplicates, even one that is reconnecting', async () => {
  const connection = retryingConnection(stores.config.valkey);
  const [ready, reconnecting] = [connection.duplicate(), connection.duplicate({ host: '127.0.0.1', port: 1 })];
  reconnecting.on('error', () => {});
  await ready.ping();
  reconnecting.connect().catch(() => {});
  await until('a reconnection', () => reconnecting.status === 'reconnecting');

  disconnectWithDuplicates(connection);

  await until('the end', () => ready.status === 'end');
  expect((reconnecting as unknown as { reconnectTimeout: unknown }).reconnectTimeout).toBeNull();
});

test('a closed duplicate gets no timer that keeps the process alive', async () => {
  const connection = retryingConnection(stores.config.valkey);
  const copy = connection.duplicate();
  await copy.ping();
  copy.disconnect();
  await until('the end', () => copy.status === 'end');
  const disconnect = vi.spyOn(copy, 'disconnect');

  disconnectWithDuplicates(connection);

  expect(disconnect).not.toHaveBeenCalled();
});

test('a duplicate connected again after the close does not reconnect', async () => {
  const connection = retryingConnection(stores.config.valkey);
  const nobody = { host: '127.0.0.1', port: 1 };
  const early = connection.duplicate(nobody);
  disconnectWithDuplicates(connection);
  const late = connection.duplicate(nobody);

  for (const copy of [early, late]) {
    copy.on('error', () => {});
    await copy.connect().catch(() => {});
    await until('the end', () => copy.status === 'end');
    expect((copy as unknown as { reconnectTimeout: unknown }).reconnectTimeout).toBeNull();
  }
});
