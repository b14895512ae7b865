import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PageServer } from '../../../src/page/serve.ts';
import { environmentOf, startCommand } from '../../support/command-line.ts';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { callPage, useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const served = useServedPage(stores);
/** Where the command looks for the program that opens a browser. */
let programs: string;
let started: ChildProcess[];

beforeEach(async () => {
  programs = await mkdtemp(join(tmpdir(), 'memory-open-'));
  started = [];
});
afterEach(async () => {
  for (const child of started) await stopped(child);
  await rm(programs, { recursive: true });
});

interface Shown extends Pick<PageServer, 'url' | 'token'> {
  readonly child: ChildProcess;
  readonly stdout: string;
  readonly stderr: () => string;
}

/** Starts `memory-manager ui` as users do, until its address is printed. */
async function ui(...args: string[]): Promise<Shown> {
  const PATH = [programs, process.env.PATH].join(delimiter);
  const child = startCommand(['ui', '--port', '0', ...args], { ...environmentOf(stores.config), PATH });
  started.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (text) => (stdout += text));
  child.stderr?.on('data', (text) => (stderr += text));
  await until('an address', () => child.exitCode !== null || /#token=\S+\s/.test(stdout));
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(stdout) ?? [];
  expect(url, stdout + stderr).not.toBe('');
  return { child, stdout, stderr: () => stderr, url, token: url.split('#token=')[1] ?? '' };
}

async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill('SIGINT');
    await closed;
  }
  return child.exitCode;
}

const call = ({ url, token }: Shown, name: string, init?: RequestInit) =>
  callPage({ url, token, close: async () => {} }, name, init);

const FORGET = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ episode: 'none', fingerprint: 'none' }),
};

test('the command prints the name of its memory and an address that works, until Ctrl-C', async () => {
  const shown = await ui();
  const other = await ui();

  expect(shown.stdout).toBe(
    `The memory "${served.memory.config.group}" is shown at ${shown.url}\nCtrl-C stops the page.\n`,
  );
  expect((await call(shown, 'session')).body).toMatchObject({ group: served.memory.config.group, isReadOnly: false });
  expect((await call({ ...shown, token: other.token }, 'session')).status).toBe(401);
  expect((await call(shown, 'forget', FORGET)).status).toBe(404);

  expect(await stopped(shown.child)).toBe(0);
  await expect(call(shown, 'session')).rejects.toThrow('fetch failed');
});

test('--read-only refuses changes, --group chooses the memory, and --json prints the address alone', async () => {
  const shown = await ui('--read-only', '--group', 'another', '--json');

  expect(JSON.parse(shown.stdout)).toEqual({ url: shown.url });
  expect((await call(shown, 'session')).body).toMatchObject({ group: 'another', isReadOnly: true });
  expect(await call(shown, 'forget', FORGET)).toMatchObject({ status: 403, body: { code: 'ERR_READ_ONLY' } });
});

test('--open gives the printed address to the browser', async () => {
  const opened = join(programs, 'opened');
  for (const name of ['xdg-open', 'open']) {
    await writeFile(
      join(programs, name),
      `#!/bin/sh\nprintf '%s' "$1" > '${opened}.part'\nmv '${opened}.part' '${opened}'\n`,
    );
    await chmod(join(programs, name), 0o755);
  }

  const shown = await ui('--open');

  const address = () => readFile(opened, 'utf8').catch(() => '');
  await until('an opened address', async () => (await address()) !== '');
  expect(await address()).toBe(shown.url);
});

describe.skipIf(skipNote !== '')(`in Chromium${skipNote}`, () => {
  const tab = useChromium();

  test('the printed address opens the page of the memory', async () => {
    const { url } = await ui('--read-only');

    await tab.page.goto(url);

    await tab.page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    await tab.page.locator('header').getByText('read-only').waitFor();
    await tab.page.getByRole('link', { name: 'Lighthouse calls Harbor.' }).waitFor();
    expect(tab.page.url()).not.toContain('token');
    expect(tab.errors).toEqual([]);
  });
});
