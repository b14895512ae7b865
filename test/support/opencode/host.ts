import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOpencodeClient, type OpencodeClient } from '@opencode-ai/sdk';
import { agentProgram } from '../../../scripts/agent-hosts.mjs';
import { MINUTE } from '../../../src/time.ts';
import { type AgentFolders, makeAgentFolders } from '../hosts/place.ts';

/** The real opencode. */
export const OPENCODE = agentProgram('opencode');

export interface HostOptions {
  /** opencode configuration in addition to the stub model, such as `plugin` and `mcp`. */
  readonly config?: object;
  readonly environment?: Readonly<Record<string, string>>;
  /** Its folders. A host with the folders of an earlier host continues the earlier sessions. */
  readonly place: AgentFolders;
}

/** A running `opencode serve`. */
export interface Host {
  readonly client: OpencodeClient;
  /** The same process with requests for another folder. */
  in(directory: string): Host;
  readonly place: AgentFolders;
  readonly output: () => string;
  /** Default signal: SIGTERM, as when a terminal closes. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Folders in which opencode calls no registry. */
export async function makeOpencodeFolders(): Promise<AgentFolders> {
  const place = await makeAgentFolders();
  await seedConfigFolder(join(place.home, 'config', 'opencode'));
  return place;
}

/** Makes a configuration folder with packages that look installed, so that opencode calls no registry. */
export async function seedConfigFolder(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  const root = { dependencies: { '@opencode-ai/plugin': '1.18.33' } };
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages: { '': root } }));
  await writeFile(join(folder, 'package.json'), JSON.stringify(root));
}

/** Starts the real opencode without this user's configuration and with the stub model only. */
export async function startHost(modelUrl: string, options: HostOptions): Promise<Host> {
  const { place } = options;
  const child = spawn(OPENCODE ?? '', ['serve', '--hostname=127.0.0.1', '--port=0'], {
    cwd: place.project,
    env: environment(place, modelUrl, options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`opencode did not start: ${output}`)), 10 * MINUTE);
    const read = (chunk: Buffer) => {
      output += chunk;
      const [, found] = /listening on\s+(http:\/\/\S+)/.exec(output) ?? [];
      if (found) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`opencode ended with ${code}: ${output}`));
    });
  });
  const hostFor = (directory: string): Host => ({
    client: createOpencodeClient({ baseUrl: url, directory }),
    in: hostFor,
    place,
    output: () => output,
    stop: (signal = 'SIGTERM') => ended(child, signal),
  });
  return hostFor(place.project);
}

function environment(
  { home }: AgentFolders,
  modelUrl: string,
  { config, environment }: HostOptions,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CACHE_HOME: join(home, 'cache'),
    OPENCODE_DISABLE_PROJECT_CONFIG: '1',
    ...offlineEnvironment(modelUrl, config),
    ...environment,
  };
}

/** Environment with the stub as the only model and no requests to other servers. */
export function offlineEnvironment(modelUrl: string, config: object = {}): Record<string, string> {
  const stub = {
    npm: '@ai-sdk/openai-compatible',
    name: 'Stub',
    options: { baseURL: modelUrl, apiKey: 'none' },
    models: { stub: { name: 'Stub', limit: { context: 100_000, output: 4_000 }, tool_call: true } },
  };
  const given = {
    ...{ model: 'stub/stub', small_model: 'stub/stub', provider: { stub }, autoupdate: false, share: 'disabled' },
    ...config,
  };
  return {
    OPENCODE_CONFIG_CONTENT: JSON.stringify(given),
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_SHARE: '1',
    npm_config_fetch_retries: '0',
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 4 * MINUTE);
  await end;
  clearTimeout(late);
}

/** Sends a prompt to a session and waits for the end of the turn. */
export async function sendPrompt({ client }: Host, session: string, text: string): Promise<void> {
  const { error } = await client.session.prompt({ path: { id: session }, body: { parts: [{ type: 'text', text }] } });
  if (error) throw new Error(`The turn failed: ${JSON.stringify(error)}`);
}

/** True once the assistant has begun to answer in a session. */
export async function isAnswering({ client }: Host, session: string): Promise<boolean> {
  const { data = [] } = await client.session.messages({ path: { id: session } });
  return data.some(({ info, parts }) => info.role === 'assistant' && parts.length > 0);
}

export async function newSession({ client }: Host): Promise<string> {
  const { data, error } = await client.session.create({ body: {} });
  if (!data) throw new Error(`No session: ${JSON.stringify(error)}`);
  return data.id;
}
