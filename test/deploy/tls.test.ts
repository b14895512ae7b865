import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Address } from '../../src/config.ts';
import { freePort } from '../../src/embedded/await-ready.ts';
import { ensureConnected, failFastConnection } from '../../src/valkey/connections.ts';
import { startConfigured } from '../support/configured-server.ts';

let folder: string;
let stop: () => Promise<void>;
let port: number;

const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

/** Makes a certificate for a name, signed by our own authority. */
function sign(name: string): void {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
  openssl(
    'req',
    '-new',
    ...key,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=DNS:${name}`,
  );
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copy'];
  openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-out', `${name}.crt`, '-days', '2');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memory-tls-'));
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
  );
  sign('valkey.internal');
  sign('worker');
  port = await freePort();
  const file = (name: string) => join(folder, name);
  const server = await startConfigured([
    `tls-port ${port}`,
    `tls-ca-cert-file ${file('ca.crt')}`,
    `tls-cert-file ${file('valkey.internal.crt')}`,
    `tls-key-file ${file('valkey.internal.key')}`,
    'tls-auth-clients yes',
  ]);
  stop = () => server.stop();
});
afterAll(async () => {
  await stop?.();
  rmSync(folder, { recursive: true, force: true });
});

/** The reply to a PING, or the reason why there is no reply. */
async function ping(certificates: Address['certificates']): Promise<string> {
  const address: Address = { host: '127.0.0.1', port, tls: true, certificates };
  const connection = failFastConnection(address);
  try {
    await ensureConnected(connection, address);
    return await connection.ping();
  } catch (error) {
    return String((error as Error).cause ?? error);
  } finally {
    connection.disconnect();
  }
}

test('TLS works with a private CA, a client certificate and server name verification', async () => {
  const client = { cert: text('worker.crt'), key: text('worker.key') };
  const server = { ca: text('ca.crt'), servername: 'valkey.internal' };

  expect(await ping({ ...server, ...client })).toBe('PONG');
  expect(await ping(client)).toMatch(/self.signed certificate in certificate chain|unable to verify/);
  expect(await ping({ ...client, ca: server.ca })).toMatch(/altnames|does not match/);
  expect(await ping(server)).not.toBe('PONG');
});
