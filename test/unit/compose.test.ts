import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SETTINGS } from '../../src/settings.ts';
import { wrongServers } from '../support/wrong-servers.ts';

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const compose = file('docker-compose.yml');

/** Compose has servers of its own, one of each, without TLS. */
const OF_OTHER_SERVERS = /^(?:FALKORDB|VALKEY)_(?:URL|NODES|SENTINEL_\w+|TLS_\w+)$/;

test('compose passes every setting to its worker that does not conflict with its own servers', () => {
  const worker = compose.slice(compose.indexOf('\n  worker:'));
  const environment = worker.slice(worker.indexOf('    environment:'), worker.indexOf('    ports:'));
  const handedOn = [...environment.matchAll(/^ {6}([A-Z0-9_]+):/gm)].map(([, name]) => name);

  const expected = Object.keys(SETTINGS).filter((name) => !OF_OTHER_SERVERS.test(name));
  expect(expected.filter((name) => !handedOn.includes(name))).toEqual([]);
  expect(handedOn.filter((name) => OF_OTHER_SERVERS.test(name ?? ''))).toEqual([]);
});

test('neither compose nor its image chooses the models; the default of every worker applies', () => {
  expect(compose).toMatch(/^ {6}MEMORY_MODELS:$/m);
  expect(file('Dockerfile')).not.toContain('MEMORY_MODELS');
});

test.each([
  ['valkey', 'valkey-cli'],
  ['falkordb', 'redis-cli'],
])('the health check of %s passes only on PONG, not while the server is loading', (service, client) => {
  const section = compose.slice(compose.indexOf(`\n  ${service}:`));
  const [, command = ''] = /healthcheck:\n(?: +#.*\n)* +test: \["CMD-SHELL", "(.+)"\]/.exec(section) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'memory-compose-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  /** The exit status of the check when the server answers like this; the client itself exits with 0. */
  const statusFor = (answer: string) => {
    writeFileSync(join(folder, client), `#!/bin/sh\n[ "$*" = ping ] && echo '${answer}'\n`, { mode: 0o755 });
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}` };
    return spawnSync('sh', ['-c', command], { env }).status;
  };

  expect(statusFor('PONG')).toBe(0);
  expect(statusFor('LOADING Redis is loading the dataset in memory')).toBe(1);
  expect(statusFor('(error) NOAUTH Authentication required; no PONG')).toBe(1);
});

describe.each(['prometheus', 'grafana'])('%s of compose', (service) => {
  const [section = ''] = new RegExp(`^  ${service}:\\n(?: {4}.*\\n)+`, 'm').exec(compose) ?? [];

  test('starts only with its profile, has a pinned version and listens on this machine only', () => {
    expect(section).toContain('    profiles: [observability]\n');
    expect(section).toMatch(/^ {4}image: [\w/]+:v?\d+\.\d+\.\d+$/m);
    expect(section).toMatch(/^ {4}ports: \["127\.0\.0\.1:(\d+):\1"\]$/m);
  });

  test('mounts files of the repository read-only', () => {
    const mounts = [...section.matchAll(/^ {6}- (\.\/\S+?):\/\S+?(:ro)?$/gm)];

    expect(mounts.length).toBeGreaterThan(0);
    for (const [, path = '', readOnly] of mounts) {
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
      expect(readOnly).toBe(':ro');
    }
  });
});

test('the compose worker waits until both servers are healthy', () => {
  const worker = compose.slice(compose.indexOf('\n  worker:'));

  expect(worker).toMatch(
    /depends_on:\n +valkey: { condition: service_healthy }\n +falkordb: { condition: service_healthy }\n/,
  );
});

test.each(['.gitignore', '.dockerignore'])('%s excludes .env', (name) => {
  expect(file(name).split('\n')).toContain('.env');
});

describe('the health check of the worker', () => {
  const [, command = '[]'] =
    /healthcheck:\n(?: +#.*\n)* +test: (\["CMD", "node".+\])/.exec(compose.slice(compose.indexOf('\n  worker:'))) ?? [];
  const [, program = '', ...args] = JSON.parse(command) as string[];

  /** The exit status of the check while the worker's `/ready` answers like this; undefined: nothing listens. */
  async function statusFor(answer: number | undefined): Promise<number | null> {
    const server = createServer(({ url }, response) =>
      response.writeHead(url === '/ready' ? (answer ?? 0) : 404).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const port = answer === undefined ? wrongServers.nothing() : (server.address() as { port: number }).port;
    const child = spawn(
      program,
      args.map((arg) => arg.replace(':9464/', `:${port}/`)),
    );
    return new Promise((resolve) => child.on('exit', resolve));
  }

  test.each([
    [200, 0],
    [503, 1],
    [undefined, 1],
  ])('turns a /ready answer of %s into exit status %s', async (answer, status) => {
    expect(await statusFor(answer)).toBe(status);
  });

  test('uses the port that compose gives the worker', () => {
    expect(compose).toContain('MEMORY_HEALTH_PORT: "9464"');
    expect(args.at(-1)).toContain("'http://127.0.0.1:9464/ready'");
  });
});
