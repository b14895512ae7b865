import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { newGroup, useStores } from '../../support/stores.ts';

/** What not everybody needs, with what it is for. */
const HEAVY = [
  ['dd-trace', 'tracing'],
  ['pino', "a worker's log"],
  ['prom-client', "a worker's metrics"],
  ['backblaze-b2', 'archives in B2'],
  ['@modelcontextprotocol/server', 'the MCP server'],
  ['@modelcontextprotocol/node', 'the MCP server over HTTP'],
  ['openai', 'language models and embedders of OpenAI'],
  ['compromise', 'reading English without a language model'],
  ['@energetic-ai/core', 'vectors without a key'],
  ['@huggingface/transformers', 'vectors of a model of your choice'],
  ['jsonc-parser', 'install'],
  ['diff', 'install'],
].map(([name]) => name);

const LISTS = `--import=${new URL('loaded-packages.mjs', import.meta.url).href}`;

const stores = useStores();
let environment: Record<string, string>;
let worker: Running;

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

/** The heavy packages of which a command loads anything in its main thread. */
async function heavyOnes(args: readonly string[], more: Record<string, string> = {}): Promise<string[]> {
  const { stderr } = await runCommand(args, { ...environment, ...more, NODE_OPTIONS: LISTS });
  const [, packages = ''] = /^loaded packages: (\[.*\])$/m.exec(stderr) ?? [];
  return (JSON.parse(packages) as string[]).filter((name) => HEAVY.includes(name));
}

test.each([
  ['--help'],
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

test('`mcp` loads the SDK, `install` the reader of configurations, and `archive list` of a bucket the client of B2', async () => {
  const bucket = { B2_KEY_ID: 'id', B2_APP_KEY: 'key', B2_BUCKET: 'bucket', B2_AUTHORIZE_URL: 'http://127.0.0.1:1' };

  expect(await heavyOnes(['mcp'])).toEqual(['@modelcontextprotocol/server']);
  expect((await heavyOnes(['install', 'opencode', '--project', '--dry-run'])).sort()).toEqual(['diff', 'jsonc-parser']);
  expect(await heavyOnes(['archive', 'list'], bucket)).toEqual(['backblaze-b2']);
});
