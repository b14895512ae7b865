#!/usr/bin/env node
/**
 * Installs the real opencode, Claude Code and Codex from npm into the cache folder, for the tests in `test/e2e`. 180 to 400 MB each, so that no
 * install of the project brings them. `npm test` installs opencode itself.
 *
 *     npm run agent-hosts                # all
 *     npm run agent-hosts -- codex       # one of them
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The releases that the tests run and the docs name. */
export const AGENT_HOSTS = {
  opencode: { package: 'opencode-ai', version: '1.18.33' },
  'claude-code': { package: '@anthropic-ai/claude-code', version: '2.1.332' },
  codex: { package: '@openai/codex', version: '0.171.0' },
};
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'memory-manager', 'agent-hosts');

/** The program of an agent, itself and not its launcher; undefined if it is not installed or has none for this machine. */
export function agentProgram(name) {
  return PROGRAMS[name](join(folderOf(name), 'node_modules'), `${process.platform}-${process.arch}`).find((path) =>
    existsSync(path),
  );
}

/** Where the packages of each platform have the program. */
const PROGRAMS = {
  opencode: (modules, platform) =>
    ['', '-baseline', '-musl', '-baseline-musl'].map((kind) =>
      join(modules, `opencode-${platform}${kind}`, 'bin', 'opencode'),
    ),
  'claude-code': (modules, platform) => [join(modules, '@anthropic-ai', `claude-code-${platform}`, 'claude')],
  codex: (modules, platform) =>
    filesBelow(join(modules, '@openai', `codex-${platform}`, 'vendor'), join('bin', 'codex')),
};

const folderOf = (name) => join(CACHE, `${name}-${AGENT_HOSTS[name].version}`);

function filesBelow(folder, path) {
  return existsSync(folder) ? readdirSync(folder).map((child) => join(folder, child, path)) : [];
}

function install(name) {
  const folder = folderOf(name);
  if (!agentProgram(name)) {
    const { package: packageName, version } = AGENT_HOSTS[name];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
    // The install scripts only copy the program.
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', `${packageName}@${version}`];
    const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] });
    if (status !== 0) fail(name, error ? error.message : `npm ended with ${status}`);
  }
  if (!agentProgram(name)) fail(name, 'it has no program for this machine');
  console.log(agentProgram(name));
}

function fail(name, reason) {
  console.error(`agent-hosts: ${name} was not installed: ${reason}.`);
  rmSync(folderOf(name), { recursive: true, force: true });
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !AGENT_HOSTS[name]);
  if (unknown) {
    console.error(`agent-hosts: there is no "${unknown}"; choose ${Object.keys(AGENT_HOSTS).join(' or ')}.`);
    process.exit(1);
  }
  for (const name of names.length > 0 ? names : Object.keys(AGENT_HOSTS)) install(name);
}
