import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { checkRights } from '../../../src/valkey/acl-rights.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Rules for a new user of a server; gives its name and password. */
async function newUser({ host, port }: Config['valkey'], rules: readonly string[]) {
  const admin = new Redis({ host, port });
  const username = `user-${newGroup()}`;
  await admin.call('ACL', 'SETUSER', username, 'on', '>secret', ...rules);
  admin.disconnect();
  return { username, password: 'secret' };
}

const ALL = ['~*', '&*', '+@all'];
const start = (config: Config) =>
  startWorkers(config, ['store', 'export'], { languageModel: plainModel(), embedder: plainEmbedder() });

test.each([
  ['one command', [...ALL, '-client|list'], /use CLIENT LIST; grant that/],
  ['a whole category', [...ALL, '-@dangerous'], /use INFO, ROLE, CLIENT LIST; grant that/],
  [
    'the keys of memories',
    ['~{*}*', '&*', '+@all'],
    /use keys version:\*, keys query:\*, keys lease:\*, .*forgotten:\*; grant/,
  ],
  ['the keys of the queue', ['~version:*', '~[a-u]*:*', '~waiting:*', '&*', '+@all'], /use keys \{memory\}:\*; grant/],
  ['channels', ['~*', '+@all', '&lease:*'], /use channels told:\*, channels reading:\*; grant/],
])('a worker whose Valkey user lacks %s does not start and names the missing right', async (_, rules, sentence) => {
  const user = await newUser(stores.config.valkey, rules);

  const starting = start({ ...stores.config, valkey: { ...stores.config.valkey, ...user } });

  await expect(starting).rejects.toMatchObject({
    name: 'AccessRefusedError',
    message: expect.stringMatching(sentence),
  });
  await expect(starting).rejects.toThrow(`does not let its user "${user.username}" use`);
});

test('a worker whose FalkorDB user lacks a command does not start and names the missing right', async () => {
  const user = await newUser(stores.config.falkordb, [...ALL, '-graph.delete']);

  await expect(start({ ...stores.config, falkordb: { ...stores.config.falkordb, ...user } })).rejects.toMatchObject({
    name: 'AccessRefusedError',
    message: expect.stringMatching(/^FalkorDB at .* use GRAPH\.DELETE; grant that/),
  });
});

test.each([
  ['command', [...ALL, '-client|list'], /^Valkey at .* does not let its user run CLIENT LIST; grant that/],
  [
    'key',
    ['~version:*', '&*', '+@all'],
    /^Valkey at .* does not let its user use the key "\{memory\}:\S+"; grant that/,
  ],
])('a CLI command without the right to a %s names it, and no password', async (_, rules, sentence) => {
  const user = await newUser(stores.config.valkey, rules);

  const ended = await runCommand(['store', 'Harbor uses Valkey 8.', '--timeout', '120'], {
    ...environmentOf(stores.config),
    VALKEY_USERNAME: user.username,
    VALKEY_PASSWORD: user.password,
  });

  expect({ ...ended, stdout: '' }).toMatchObject(failedWith(sentence));
});

test('WAIT is needed with VALKEY_COPIES only, and is among the documented rights', async () => {
  const { valkey, queuePrefix } = stores.config;
  const [rules = []] = documentedRules(queuePrefix);
  const [documented, withoutWait] = [
    { ...valkey, ...(await newUser(valkey, rules)) },
    { ...valkey, ...(await newUser(valkey, [...rules, '-wait'])) },
  ];

  await expect(checkRights('Valkey', documented, queuePrefix, 1)).resolves.toBeUndefined();
  await expect(checkRights('Valkey', withoutWait, queuePrefix)).resolves.toBeUndefined();
  await expect(checkRights('Valkey', withoutWait, queuePrefix, 1)).rejects.toThrow(/ use WAIT; grant that/);

  const memory = new MemoryManager({ ...stores.config, valkey: documented, valkeyCopies: 1, group: newGroup() });
  closers.push(() => memory.close());
  // Not a missing right, but a missing replica.
  await expect(memory.enqueueEpisode('Harbor uses Valkey 8.')).rejects.toMatchObject({
    name: 'StoreUnreachableError',
    message: expect.stringMatching(/ has 0 of the 1 copies that VALKEY_COPIES asks for; check its replicas\.$/),
  });
});

test('SET and WAIT are needed in FalkorDB with FALKORDB_COPIES only, and are among the documented rights', async () => {
  const { falkordb, queuePrefix } = stores.config;
  const [, rules = []] = documentedRules(queuePrefix);
  const [documented, without] = [
    { ...falkordb, ...(await newUser(falkordb, rules)) },
    { ...falkordb, ...(await newUser(falkordb, [...rules, '-wait', '-set'])) },
  ];

  await expect(checkRights('FalkorDB', documented, queuePrefix, 1)).resolves.toBeUndefined();
  await expect(checkRights('FalkorDB', without, queuePrefix)).resolves.toBeUndefined();
  await expect(checkRights('FalkorDB', without, queuePrefix, 1)).rejects.toThrow(/ use SET, WAIT; grant that/);
});

test.each(['{memory}', '{one}'])('the documented rights for %s are sufficient for everything', async (queuePrefix) => {
  const exportDir = await mkdtemp(join(tmpdir(), 'memory-rights-'));
  closers.push(() => rm(exportDir, { recursive: true, force: true }));
  const [ofValkey = [], ofFalkorDB = []] = documentedRules(queuePrefix);
  const config = {
    ...stores.config,
    exportDir,
    queuePrefix,
    group: newGroup(),
    valkey: { ...stores.config.valkey, ...(await newUser(stores.config.valkey, ofValkey)) },
    falkordb: { ...stores.config.falkordb, ...(await newUser(stores.config.falkordb, ofFalkorDB)) },
  };
  const running = await start(config);
  closers.push(() => running.close());
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  closers.push(() => memory.close());

  const receipt = await memory.enqueueEpisode('Mira [Person] WORKS_ON Harbor [Project]: Mira works on Harbor.');
  await memory.waitFor(receipt);
  const exported = await memory.export();
  await memory.archives.restore(exported.file, { group: newGroup() });
  await memory.archives.rebuild({ replace: true });
  await memory.communities.build();
  const forgotten = await memory.forget({ episode: receipt.uuid });

  expect(exported.episodes).toBe(1);
  expect(forgotten.episodes).toHaveLength(1);
  expect((await memory.getStatus()).valkey).toMatchObject({ ok: true, workers: 1 });
});

/** What `ACL SETUSER` is given in docs/configuration.md, for the Valkey and for the FalkorDB. */
function documentedRules(queuePrefix: string): string[][] {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  return [...page.matchAll(/^ACL SETUSER memory on >password (.+)$/gm)].map(([, rules = '']) =>
    rules.split(' ').map((rule) => {
      if (queuePrefix === '{memory}' || !/^[~&]\w/.test(rule)) return rule.replace('{memory}', queuePrefix);
      return `${rule[0]}${queuePrefix.replace('{', '(').replace('}', ')')}:${rule.slice(1)}`;
    }),
  );
}
