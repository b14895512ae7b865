import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { callingAgent, isRunning } from '../../../../src/agents/hooks/agent-process.ts';

const MODULE = new URL('../../../../src/agents/hooks/agent-process.ts', import.meta.url).href;
const HOOK = `import(${JSON.stringify(MODULE)}).then(({ callingAgent }) =>
  console.log(JSON.stringify(callingAgent(process.argv.slice(1)) ?? null)))`;
/** As a command line that an older Node runs again in its own: it passes its arguments on. */
const RELAUNCH = `require('node:child_process').spawnSync(process.execPath,
  ['-e', ${JSON.stringify(HOOK)}, '--', ...process.argv.slice(1)], { stdio: 'inherit' })`;
const HOOK_ARGS = ['hook', 'UserPromptSubmit', '--host', 'claude-code', '--group', 'two words'];

test.skipIf(process.platform !== 'linux')(
  'the agent is the process above the programs that only pass the hook on',
  () => {
    const output = execFileSync(process.execPath, ['-e', RELAUNCH, '--', ...HOOK_ARGS], { encoding: 'utf8' });

    expect(JSON.parse(output)).toEqual({ pid: process.pid, startedAt: expect.stringMatching(/^[0-9a-f-]{36}:\d+$/) });
  },
);

test('an agent runs until its process ends', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  const agent = callingAgent(HOOK_ARGS, child.pid) ?? { pid: 0 };

  expect(isRunning(agent)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(agent)).toBe(false);
});

test('another process that got the id of an ended agent is not the agent', () => {
  const agent = { pid: process.pid, startedAt: 'of an earlier boot:1' };

  expect(isRunning(agent)).toBe(false);
});

test('an orphaned hook has no agent', () => {
  expect(callingAgent(HOOK_ARGS, 1)).toBeUndefined();
});
