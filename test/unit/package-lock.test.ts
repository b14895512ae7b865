import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const PLATFORM =
  /(?<=[-/])(?:android|darwin|freebsd|linux|openharmony|win32|windows)-(?:arm64|arm|ppc64|s390x|x64)(?=-|$)/;

test('npm ci installs no binaries for other platforms: every platform-specific package is marked in the lockfile', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const ofOnePlatform = Object.entries(lock.packages).filter(([path, { optional }]) => optional && PLATFORM.test(path));
  const forAll = ofOnePlatform.filter(([, { os, cpu }]) => !os || !cpu).map(([path]) => path);

  expect(ofOnePlatform.length).toBeGreaterThan(20);
  expect(forAll, 'run node scripts/complete-lock.mjs').toEqual([]);
});
