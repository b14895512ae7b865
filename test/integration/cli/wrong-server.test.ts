import { beforeAll, describe, expect, test } from 'vitest';
import { type Server, startFalkorDB, startValkey } from '../../../src/embedded/servers.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { useStores } from '../../support/stores.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

const stores = useStores();
const ports: Record<string, number> = {};
let locked: Server[];

beforeAll(async () => {
  locked = [await startValkey({ password: 'right' }), await startFalkorDB({ password: 'right' })];
  ports['a locked Valkey'] = locked[0]?.port ?? 0;
  ports['a locked FalkorDB'] = locked[1]?.port ?? 0;
  ports['a FalkorDB'] = stores.config.falkordb.port;
  ports['a plain Valkey'] = stores.config.valkey.port;
  ports['a web server'] = await wrongServers.http();
  ports['a mail server'] = await wrongServers.mail();
  ports['a silent server'] = await wrongServers.silent();
  ports['a server that hangs up'] = await wrongServers.rude();
  ports['nothing at all'] = wrongServers.nothing();
  return async () => {
    for (const server of locked) await server.stop();
  };
});

describe.each(['entities', 'worker'])('%s', (command) => {
  test.each([
    ['a locked FalkorDB', /^FalkorDB at .* refused the user or the password; check FALKORDB_USERNAME/],
    ['a plain Valkey', /^The server at .* plain Redis or Valkey without the FalkorDB module; check FALKORDB_HOST/],
    ['a web server', /^The server at .* is not FalkorDB; check FALKORDB_HOST and FALKORDB_PORT/],
    ['a mail server', /^The server at .* is not FalkorDB/],
    ['a silent server', /^FalkorDB at .* does not answer; start it/],
    ['a server that hangs up', /^FalkorDB at .* does not answer; start it/],
    ['nothing at all', /^FalkorDB at .* does not answer; start it .*or check FALKORDB_HOST and FALKORDB_PORT/],
  ])('reports %s in place of FalkorDB', async (name, sentence) => {
    const environment = { ...environmentOf(stores.config), FALKORDB_PORT: String(ports[name]) };

    const ended = await runCommand([command], environment);

    expect(ended).toMatchObject(failedWith(sentence));
  });
});

describe.each(['store', 'worker'])('%s', (command) => {
  test.each([
    ['a FalkorDB', /^The server at .* is FalkorDB, .* set VALKEY_HOST and VALKEY_PORT to a separate Valkey\.$/m],
    ['a locked Valkey', /^Valkey at .* refused the user or the password; check VALKEY_USERNAME/],
    ['a web server', /^The server at .* is not Valkey; check VALKEY_HOST and VALKEY_PORT/],
    ['a mail server', /^The server at .* is not Valkey/],
    ['a silent server', /^Valkey at .* does not answer; start it/],
    ['a server that hangs up', /^Valkey at .* does not answer; start it/],
    ['nothing at all', /^Valkey at .* does not answer; start it .*or check VALKEY_HOST and VALKEY_PORT/],
  ])('reports %s in place of Valkey', async (name, sentence) => {
    const environment = { ...environmentOf(stores.config), VALKEY_PORT: String(ports[name]) };

    const ended = await runCommand(command === 'store' ? ['store', 'x'] : [command], environment);

    expect(ended).toMatchObject(failedWith(sentence));
  });
});

test('a query without Valkey is answered from the graph, with one notice', async () => {
  const environment = { ...environmentOf(stores.config), VALKEY_PORT: String(ports['a silent server']) };

  const answer = await runCommand(['entities', 'Person'], environment);

  expect(answer).toMatchObject({ status: 0, stdout: '' });
  expect(answer.stderr.match(/asked without the cache/g)).toHaveLength(1);
});

test('status reports both servers, with exit status 1', async () => {
  const environment = {
    ...environmentOf(stores.config),
    FALKORDB_PORT: String(ports['a web server']),
    VALKEY_PORT: String(ports['nothing at all']),
  };

  const status = await runCommand(['status'], environment);

  expect(status).toMatchObject({ status: 1, stderr: '' });
  expect(status.stdout).toMatch(/^Valkey at .* does not answer.*\nThe server at .* is not FalkorDB.*\n$/);
});

test.each([
  ['an unknown user', 'VALKEY_USERNAME', 'x', /^Valkey at .* refused the user or the password/],
  ['an unknown host', 'FALKORDB_HOST', 'no.such.host.invalid', /^FalkorDB at no\.such\.host\.invalid:\d+ does not/],
  ['TLS to a server without TLS', 'VALKEY_TLS', 'true', /^Valkey at .* does not answer/],
])('%s is reported', async (_, name, value, sentence) => {
  const ended = await runCommand(['worker'], { ...environmentOf(stores.config), [name]: value });

  expect(ended).toMatchObject(failedWith(sentence));
});
