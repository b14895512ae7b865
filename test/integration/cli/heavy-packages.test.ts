import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand, SOURCES } from '../../support/command-line.ts';
import { newGroup, useStores } from '../../support/stores.ts';

/** What every command may load. Everything else is for some users only: models, archives, traces, agents. */
const LIGHT = [
  '@orama/stemmers',
  'bullmq',
  'cron-parser',
  'falkordb',
  'ioredis',
  'piscina',
  'write-file-atomic',
  'zod',
];
const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
);
const HEAVY = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !LIGHT.includes(name));

const LISTS = `--import=${new URL('loaded-packages.mjs', import.meta.url).href}`;

const stores = useStores();
let environment: Record<string, string>;
let worker: RunningWorkers;

beforeAll(async () => {
  const config = { ...stores.config, group: newGroup() };
  worker = await startWorkers(config, ['store']);
  environment = environmentOf(config);
  const stored = await runCommand(
    ['store', 'Mira Okafor works on Harbor. Harbor keeps its sessions in Valkey 8.'],
    environment,
  );
  expect(stored.status).toBe(0);
});
afterAll(() => worker.close());

/** The heavy packages of which a command loads anything in its main thread; from the sources, since a bundle contains its packages. */
async function heavyOnes(args: readonly string[], more: Record<string, string> = {}): Promise<string[]> {
  const { stderr } = await runCommand(args, { ...environment, ...more, NODE_OPTIONS: LISTS }, '', undefined, SOURCES);
  const [, packages = ''] = /^loaded packages: (\[.*\])$/m.exec(stderr) ?? [];
  return (JSON.parse(packages) as string[]).filter((name) => HEAVY.includes(name));
}

test.each([
  ['--help'],
  ['query', '--help'],
  ['hook', 'Stop'],
  ['hook', 'UserPromptSubmit'],
  ['store', 'Lighthouse talks to Harbor over gRPC.'],
  ['query', 'Where does Harbor keep its sessions?'],
  ['entities'],
  ['history', 'Harbor'],
  ['briefing'],
  ['status'],
  ['config'],
])('`%s` loads no heavy package', async (...args) => {
  expect(await heavyOnes(args)).toEqual([]);
});

test('`mcp` loads the SDK, `install` the configuration parser, `archive list` of a bucket the B2 client, and an archive key age', async () => {
  const bucket = { B2_KEY_ID: 'id', B2_APP_KEY: 'key', B2_BUCKET: 'bucket', B2_AUTHORIZE_URL: 'http://127.0.0.1:1' };

  expect(await heavyOnes(['mcp'])).toEqual(['@modelcontextprotocol/server']);
  expect((await heavyOnes(['install', 'opencode', '--project', '--dry-run'])).sort()).toEqual(['diff', 'jsonc-parser']);
  expect(await heavyOnes(['archive', 'list'], bucket)).toEqual(['backblaze-b2']);
  expect(await heavyOnes(['archive', 'list'])).toEqual([]);
  expect(await heavyOnes(['archive', 'new-key'])).toEqual(['age-encryption']);
});
