import { expect, test } from 'vitest';
import { chooseMirror, parseRelease, sourcesList } from '../../../src/embedded/apt.ts';
import { packagesOf, parseLoaderOutput } from '../../../src/embedded/libraries.ts';

test('Debian and Ubuntu are identified by their codename', () => {
  const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';
  const ubuntu = 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n';
  expect(parseRelease(debian)).toEqual({ id: 'debian', codename: 'bookworm' });
  expect(parseRelease(ubuntu)).toEqual({ id: 'ubuntu', codename: 'noble' });
});

test('a derivative counts as the release that it is based on', () => {
  const mint = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n';
  expect(parseRelease(mint)).toEqual({ id: 'ubuntu', codename: 'noble' });
});

test('a system without a codename has no release', () => {
  expect(parseRelease('ID="alpine"\nVERSION_ID=3.22.0\n')).toEqual({ id: 'alpine' });
  expect(parseRelease('')).toEqual({ id: 'linux' });
});

test('the mirror is that of the release itself, not of its updates or third-party sources', () => {
  const targets = [
    'http://vendor.example/tools/ nodistro',
    'http://security.example/debian-security/ bookworm-security',
    'http://mirror.example/debian/ bookworm-updates',
    'http://mirror.example/debian/ bookworm',
  ].join('\n');
  expect(chooseMirror(targets, 'bookworm')).toBe('http://mirror.example/debian/');
});

test('a machine whose sources say "stable" also has a mirror', () => {
  expect(chooseMirror('http://mirror.example/debian/ stable', 'trixie')).toBe('http://mirror.example/debian/');
});

test('without a source for the release there is no mirror', () => {
  expect(chooseMirror('http://vendor.example/tools/ nodistro\n', 'bookworm')).toBeUndefined();
  expect(chooseMirror('', 'bookworm')).toBeUndefined();
});

test('Valkey comes from backports on bookworm, main on later releases, and universe on Ubuntu', () => {
  const mirror = 'http://mirror.example/debian/';
  expect(sourcesList(mirror, { id: 'debian', codename: 'bookworm' }, '/keys.gpg')).toBe(
    `deb [signed-by=/keys.gpg] ${mirror} bookworm main\ndeb [signed-by=/keys.gpg] ${mirror} bookworm-backports main\n`,
  );
  expect(sourcesList(mirror, { id: 'debian', codename: 'trixie' })).toBe(`deb ${mirror} trixie main\n`);
  expect(sourcesList(mirror, { id: 'ubuntu', codename: 'noble' })).toBe(`deb ${mirror} noble main universe\n`);
});

test.each([
  ['libgomp.so.1', 'libgomp1'],
  ['libssl.so.3', 'libssl3'],
  ['libcrypto.so.3', 'libssl3'],
  ['libjemalloc.so.2', 'libjemalloc2'],
  ['liblzf.so.1', 'liblzf1'],
  ['liblz4.so.1', 'liblz4-1'],
  ['libstdc++.so.6', 'libstdc++6'],
  ['libgcc_s.so.1', 'libgcc-s1'],
])('%s is in the package %s', (library, name) => {
  expect(packagesOf(library)).toEqual([name, `${name}t64`]);
});

test('the loader output names each missing library once', () => {
  const output = [
    '/usr/bin/valkey-server:',
    '\tlibjemalloc.so.2 => not found',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f403b61e000)',
    '/somewhere/falkordb.so:',
    '\tlibgomp.so.1 => not found',
    '\tlibjemalloc.so.2 => not found',
  ].join('\n');
  expect(parseLoaderOutput(output)).toEqual({ missing: ['libjemalloc.so.2', 'libgomp.so.1'] });
});

test('the loader output says when a library is too old', () => {
  const output =
    "redis-server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by redis-server)\n";
  expect(parseLoaderOutput(output)).toEqual({ missing: [], newer: 'GLIBC_2.38' });
});
