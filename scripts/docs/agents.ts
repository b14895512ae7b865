import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { startAnthropicStub } from '../../test/support/hosts/anthropic.ts';
import { CLAUDE_CODE } from '../../test/support/hosts/claude-agent.ts';
import { CODEX } from '../../test/support/hosts/codex-agent.ts';
import { startResponsesStub } from '../../test/support/hosts/responses.ts';
import { OPENCODE, offlineEnvironment, seedConfigFolder } from '../../test/support/opencode/host.ts';
import { shownTo, startStubModel } from '../../test/support/opencode/stub-model.ts';
import { agentProgram } from '../agent-hosts.mjs';

/** The programs that the examples of a page call, by the name that a reader types. */
const HOSTS = ['opencode', 'claude', 'codex'] as const;
type HostName = (typeof HOSTS)[number];

/** Real coding agents with a home of their own and a stub in the place of their models. */
export interface DocsAgents {
  /** The agents that are not on this machine. */
  readonly missing: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** @param folder an empty one, for the home and the programs */
export async function openAgents(folder: string, path: string): Promise<DocsAgents> {
  const [home, programs] = [join(folder, 'agents-home'), join(folder, 'agents-bin')];
  for (const made of [home, programs]) mkdirSync(made, { recursive: true });
  const place = { home, project: home, worktree: home, remove: async () => undefined };
  const models = {
    opencode: await startStubModel((request) => ({ text: answerFrom(shownTo(request)) })),
    claude: await startAnthropicStub(({ shown }) => ({ text: answerFrom(shown) })),
    codex: await startResponsesStub(({ shown }) => ({ text: answerFrom(shown) })),
  };
  await seedConfigFolder(join(home, '.config', 'opencode'));
  await CLAUDE_CODE.prepare(place, models.claude.url);
  await CODEX.prepare(place, models.codex.url);
  const found: Record<HostName, string | undefined> = {
    opencode: OPENCODE,
    claude: agentProgram('claude-code'),
    codex: agentProgram('codex'),
  };
  const environments: Record<HostName, NodeJS.ProcessEnv> = {
    opencode: { ...offlineEnvironment(models.opencode.url), XDG_CACHE_HOME: join(home, '.cache') },
    claude: CLAUDE_CODE.environment(place, models.claude.url),
    codex: CODEX.environment(place, models.codex.url),
  };
  for (const name of HOSTS) writeProgram(join(programs, name), found[name], environments[name]);
  return {
    missing: HOSTS.filter((name) => found[name] === undefined),
    environment: {
      HOME: home,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
      XDG_CONFIG_HOME: undefined,
      XDG_DATA_HOME: undefined,
      XDG_STATE_HOME: undefined,
      CLAUDE_CONFIG_DIR: undefined,
      CODEX_HOME: undefined,
      MEMORY_GROUP: undefined,
      PATH: `${programs}${delimiter}${path}`,
    },
    close: async () => void (await Promise.all(Object.values(models).map((model) => model.close()))),
  };
}

/** The stub knows only what the memory added to the request: it repeats a recalled sentence about sessions. */
function answerFrom(shown: string): string {
  const [, recalled = ''] = /<recalled-memory>([\s\S]*)<\/recalled-memory>/.exec(shown) ?? [];
  return /\w+ keeps its sessions in Valkey 8\./.exec(recalled)?.[0] ?? 'Noted.';
}

/** The agent as a reader calls it. New hooks of Codex are trusted, which a reader does in its terminal. */
function writeProgram(file: string, program: string | undefined, environment: NodeJS.ProcessEnv): void {
  if (program === undefined || !existsSync(program)) return;
  const assignments = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value ?? '')}\n`);
  const trusted = program.endsWith('codex') ? ' --dangerously-bypass-hook-trust --skip-git-repo-check' : '';
  const call = trusted
    ? `if [ "$1" = exec ]; then shift; exec ${quoted(program)} exec${trusted} "$@"; fi\nexec ${quoted(program)} "$@"\n`
    : `exec ${quoted(program)} "$@"\n`;
  writeFileSync(file, `#!/bin/sh\n${assignments.join('')}${call}`);
  chmodSync(file, 0o755);
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
