import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkLogin } from '../../../src/cli/doctor/supervision.ts';
import { loginItem, missingPrograms, removeLoginItem, writeLoginItem } from '../../../src/supervisor/at-login.ts';

const program = { node: '/opt/node 24/bin/node', script: '/opt/100%/$HOME/"main".cjs' };

function newUser() {
  const user = mkdtempSync(join(tmpdir(), 'memory-login-'));
  onTestFinished(() => rmSync(user, { recursive: true, force: true }));
  return user;
}

test('a systemd unit is written, enabled, private, and removed without a trace', async () => {
  const user = newUser();
  const environment = { HOME: user, XDG_DATA_HOME: join(user, 'data'), PATH: '/usr/bin' };
  const item = loginItem(environment, program, 'linux');

  await writeLoginItem(item);
  await writeLoginItem(item);

  expect(item.file).toBe(join(user, '.config/systemd/user/memory-manager.service'));
  expect(readlinkSync(item.link ?? '')).toBe(item.file);
  expect(statSync(item.file).mode & 0o077).toBe(0);
  const text = readFileSync(item.file, 'utf8');
  expect(text).toContain('ExecStart="/opt/node 24/bin/node" "/opt/100%%/$$HOME/\\"main\\".cjs" up\n');
  expect(text).toContain(`Environment="MEMORY_HOME=${user}/data/memory-manager"\n`);
  expect(await removeLoginItem(item)).toEqual([item.link, item.file]);
  expect(await removeLoginItem(item)).toEqual([]);
  expect(existsSync(item.file) || lstatSync(item.link ?? '', { throwIfNoEntry: false }) !== undefined).toBe(false);
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasSystemd)('systemd accepts the unit', async () => {
  const user = newUser();
  const item = loginItem({ HOME: user, PATH: '/usr/bin' }, { node: process.execPath, script: '/bin/sh' }, 'linux');
  await writeLoginItem(item);

  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--user', item.file], {
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: user },
  });

  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('memory-manager.service'))).toEqual([]);
});

test('a launchd agent is well-formed XML and starts `up` with the settings file', async () => {
  const user = newUser();
  const odd = { node: '/opt/<node> & co/node', script: '/main.cjs' };
  const item = loginItem({ HOME: user, PATH: '/usr/bin' }, odd, 'darwin');

  await writeLoginItem(item);

  expect(item.file).toBe(join(user, 'Library/LaunchAgents/memory-manager.plist'));
  const text = readFileSync(item.file, 'utf8');
  expect(text).toContain('<string>/opt/&lt;node&gt; &amp; co/node</string>');
  expect(text).toMatch(/<key>RunAtLoad<\/key><true\/>/);
  // In a comment of XML two hyphens may not stand together.
  const [, comment = ''] = /<!--(.*?)-->/s.exec(text) ?? [];
  expect(comment).not.toContain('--');
  const tags = [...text.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)].filter(([, , , closed]) => !closed);
  const open: string[] = [];
  for (const [, end, name = ''] of tags) {
    if (end) expect(open.pop()).toBe(name);
    else open.push(name);
  }
  expect(open).toEqual([]);
  expect(await removeLoginItem(item)).toEqual([item.file]);
});

test('the shell command of the launchd agent runs, with and without a settings file', () => {
  const user = newUser();
  const print = join(user, 'print.cjs');
  writeFileSync(print, 'console.log(process.argv[2], process.env.MEMORY_MODELS)');
  const { text, settingsFile } = loginItem({ HOME: user }, { node: process.execPath, script: print }, 'darwin');
  const [command = '', ...words] = [
    ...text.slice(text.indexOf('<array>'), text.indexOf('</array>')).matchAll(/<string>(.*)<\/string>/g),
  ].map(([, word = '']) => word.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
  const run = () => spawnSync(command, words, { encoding: 'utf8', env: {} }).stdout;

  expect(run()).toBe('up undefined\n');
  mkdirSync(dirname(settingsFile), { recursive: true });
  writeFileSync(settingsFile, 'MEMORY_MODELS="local"\n');
  expect(run()).toBe('up local\n');
});

test('each home has a login item of its own, and other files are left alone', async () => {
  const user = newUser();
  const [one, other] = [
    loginItem({ HOME: user }, program, 'linux'),
    loginItem({ HOME: user, MEMORY_HOME: join(user, 'other') }, program, 'linux'),
  ];
  expect(other.file).toMatch(/memory-manager-[0-9a-f]{8}\.service$/);
  expect(other.file).not.toBe(one.file);
  mkdirSync(dirname(one.file), { recursive: true });
  writeFileSync(one.file, '[Service]\nExecStart=/bin/true\n');

  await expect(writeLoginItem(one)).rejects.toThrow('was not written by memory-manager; remove or rename that file');
  await expect(removeLoginItem(one)).rejects.toThrow('was not written by memory-manager');

  expect(readFileSync(one.file, 'utf8')).toBe('[Service]\nExecStart=/bin/true\n');
});

test('an unsupported system is rejected', () => {
  expect(() => loginItem({ HOME: '/home/mira' }, program, 'win32')).toThrow(
    '--at-login needs systemd (Linux) or launchd',
  );
});

test.each(['linux', 'darwin'] as const)(
  'doctor reports a missing program of the login item on %s',
  async (platform) => {
    const user = newUser();
    const environment = { HOME: user, XDG_DATA_HOME: join(user, 'data'), PATH: '/usr/bin' };
    const script = join(user, 'it\'s $100 & "50%".cjs');
    writeFileSync(script, '');
    const item = loginItem(environment, { node: process.execPath, script }, platform);
    expect(checkLogin(environment, platform)).toEqual([]);
    await writeLoginItem(item);
    expect(missingPrograms(item)).toEqual([]);
    expect(checkLogin(environment, platform)).toMatchObject([{ level: 'ok' }]);

    rmSync(script);

    expect(missingPrograms(item)).toEqual([script]);
    expect(checkLogin(environment, platform)).toMatchObject([
      { level: 'problem', message: expect.stringContaining('`memory-manager up --at-login` writes it again') },
    ]);
  },
);
