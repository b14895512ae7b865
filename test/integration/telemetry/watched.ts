import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type CommandResult, environmentOf, runCommand, SOURCES, startCommand } from '../../support/command-line.ts';
import { type FakeDatadog, type Span, startFakeDatadog } from '../../support/fake-datadog/index.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { newGroup, type Stores, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

/** Real processes with the real tracer, before servers of the test's own. */
export interface Watched {
  readonly stores: Stores;
  agent: FakeDatadog;
  openai: FakeOpenAI;
  /** In which the command line uses these servers, with a group and a queue that no other test uses. */
  environment(): Record<string, string>;
}

/** What a test adds to the environment so that nothing is traced. */
export const UNTRACED = { DD_TRACE_AGENT_URL: '' };

export function useWatched(): Watched {
  const stores = useStores();
  const environment = (): Record<string, string> => ({
    ...environmentOf({ ...stores.config, group: newGroup(), queuePrefix: `{${newGroup()}}` }),
    MEMORY_MODELS: 'openai',
    OPENAI_BASE_URL: watched.openai.url,
    OPENAI_API_KEY: 'sk-test',
    MEMORY_HEALTH_PORT: '0',
    DD_TRACE_AGENT_URL: watched.agent.url,
  });
  const watched = { stores, environment } as Watched;
  beforeAll(async () => {
    watched.agent = await startFakeDatadog();
    watched.openai = await startFakeOpenAI();
  });
  afterAll(async () => {
    await watched.agent?.close();
    await watched.openai?.close();
  });
  return watched;
}

export interface WatchedWorker {
  /** All that it wrote to stderr. */
  output(): string;
  /** Ends it as Ctrl-C does; then all its spans and figures have arrived. */
  stop(): Promise<number | null>;
}

export async function startWorker(environment: Record<string, string>): Promise<WatchedWorker> {
  const child: ChildProcess = startCommand(['worker'], environment);
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await until('a worker that is ready', () => text.includes('is ready'));
  return {
    output: () => text,
    async stop() {
      child.kill('SIGTERM');
      const [status] = (await once(child, 'close')) as [number | null];
      return status;
    },
  };
}

/** Runs a command that has to succeed, from its sources: dd-trace cannot instrument BullMQ inside a bundle. */
export async function run(environment: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  const ended = await runCommand(args, environment, '', undefined, SOURCES);
  if (ended.status !== 0) throw new Error(`${args[0]} failed: ${ended.stderr}`);
  return ended;
}

/** The names on the way from the first span of a trace down to this one. */
export function pathTo(span: Span, spans: readonly Span[]): string[] {
  const parent = spans.find(({ id }) => id === span.parent);
  return [...(parent ? pathTo(parent, spans) : []), span.name];
}
