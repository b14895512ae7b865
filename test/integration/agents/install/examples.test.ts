import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../../../support/command-line.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/agents', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-examples-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (path: string) => readFileSync(path, 'utf8').replace(/file:.*(?=\/dist\/)/, '<package>');

test.each([
  ['mcp', '.mcp.json', ['--project']],
  ['claude-code', '.claude/settings.json', ['--project']],
  ['codex', '.codex/hooks.json', ['--project']],
  ['opencode', 'config/opencode/opencode.json', []],
])('examples/agents shows what `install %s` writes', async (agent, file, options) => {
  const [bin, project] = [join(folder, 'bin'), join(folder, 'project')];
  for (const path of [bin, project]) mkdirSync(path);
  writeFileSync(join(bin, 'memory-manager'), '#!/bin/sh\n');
  chmodSync(join(bin, 'memory-manager'), 0o755);
  const environment = {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    MEMORY_HOME: join(folder, 'home'),
    XDG_CONFIG_HOME: join(project, 'config'),
  };

  const { status } = await runCommand(['install', agent, ...options, '--yes'], environment, '', project);

  expect(status).toBe(0);
  expect(textOf(join(project, file))).toBe(textOf(join(EXAMPLES, `${agent}.json`)));
});
