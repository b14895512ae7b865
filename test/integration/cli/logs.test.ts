import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { failedWith, runCommand, startCommand } from '../../support/command-line.ts';
import { answerQuestion, hasPseudoTerminal } from '../../support/pseudo-terminal.ts';
import { until } from '../../support/wait.ts';

const json = (time: string, msg: string, level = 'info') => `${JSON.stringify({ level, time, pid: 1, msg })}\n`;

/** A home with the logs of a worker and of FalkorDB, whose older lines lie in a second file. */
async function homeWithLogs() {
  const home = await mkdtemp(join(tmpdir(), 'memory-logs-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await mkdir(join(home, 'falkordb'));
  await writeFile(join(home, 'worker.log.1'), json('2026-11-01T08:00:00Z', 'The first of all.'));
  const worker = `${json('2026-11-02T08:00:00Z', 'Worker 1 is ready.')}${json('2026-11-02T08:00:02Z', 'A job failed.', 'warn')}`;
  await writeFile(join(home, 'worker.log'), worker);
  await writeFile(
    join(home, 'falkordb', 'server.log'),
    '7:M 02 Nov 2026 08:00:01.000 * Ready to accept connections tcp\n7:M 02 Nov 2026 08:00:03.000 # requirepass "a-secret-password"\n',
  );
  const settings = { VALKEY_PASSWORD: 'a-secret-password' };
  await writeFile(join(home, 'running.json'), JSON.stringify({ settings, pids: {} }), { mode: 0o600 });
  const environment = { MEMORY_HOME: home, TZ: 'UTC' };
  return { home, environment, run: (...args: string[]) => runCommand(['logs', ...args], environment) };
}

test('logs are printed in chronological order, with names and levels and without passwords', async () => {
  const { run } = await homeWithLogs();

  expect(await run()).toEqual({
    status: 0,
    stderr: '',
    stdout: `2026-11-01T08:00:00Z worker     The first of all.
2026-11-02T08:00:00Z worker     Worker 1 is ready.
2026-11-02T08:00:01Z falkordb   Ready to accept connections tcp
2026-11-02T08:00:02Z worker     warning A job failed.
2026-11-02T08:00:03Z falkordb   warning requirepass "***"
`,
  });
});

test.skipIf(!hasPseudoTerminal)('words have colours on a terminal only, and none with NO_COLOR', async () => {
  const { home, environment, run } = await homeWithLogs();
  const onTerminal = (more: Record<string, string> = {}) =>
    answerQuestion(['logs'], { ...environment, ...more }, home, undefined);
  const YELLOW = '\u001b[33m';

  expect((await onTerminal()).screen).toContain(`${YELLOW}warning`);
  expect((await onTerminal({ NO_COLOR: '1' })).screen).not.toContain('\u001b');
  expect((await run()).stdout).not.toContain('\u001b');
});

test('logs can be selected by name, number of lines and date, and printed as JSON', async () => {
  const { run } = await homeWithLogs();

  const [named, last, since, data] = [
    await run('worker'),
    await run('-n', '1'),
    await run('--since', '2026-11-02T08:00:02Z'),
    await run('worker', '--lines', '1', '--json'),
  ];

  expect(named.stdout).toMatch(/^.*The first of all\.\n.*ready\.\n.*failed\.\n$/);
  expect(last.stdout).toMatch(/^[^\n]*requirepass[^\n]*\n$/);
  expect(since.stdout.split('\n')).toHaveLength(3);
  expect(JSON.parse(data.stdout)).toEqual({
    time: '2026-11-02T08:00:02.000Z',
    log: 'worker',
    level: 'warning',
    text: 'A job failed.',
  });
});

test('an unknown log, a home without logs and a date without lines are reported', async () => {
  const { home, run } = await homeWithLogs();

  expect(await run('redis')).toMatchObject(
    failedWith(/^There is no log "redis"; the logs are worker, valkey, falkordb, sup/),
  );
  expect(await run('--since', 'now')).toMatchObject({ status: 0, stderr: 'There are no lines since then.\n' });
  expect(await runCommand(['logs'], { MEMORY_HOME: join(home, 'none') })).toMatchObject({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(/^There are no logs in .*none; `memory-manager up` writes them\.\n$/),
  });
});

test('--follow prints new lines, even after the log was truncated', async () => {
  const { home, environment } = await homeWithLogs();
  const child = startCommand(['logs', 'worker', '--follow', '-n', '0'], environment);
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  // Lines from before the first look are not printed.
  await until('the first line', async () => {
    await appendFile(join(home, 'worker.log'), json('2026-11-03T08:00:00Z', 'A new line.'));
    return printed.includes('A new line.');
  });

  await writeFile(join(home, 'worker.log'), json('2026-11-03T09:00:00Z', 'In an emptied log.'));

  await until('the line', () => printed.includes('In an emptied log.'));
  expect(printed).not.toContain('is ready');
  child.kill('SIGINT');
  await once(child, 'close');
});
