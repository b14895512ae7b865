import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MINUTE } from '../../../src/time.ts';

// What `.ci/run` makes of what its steps come to. In the place of npm stands a program that only says how each of them ended.

const RUN = fileURLToPath(new URL('../../../.ci/run', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memory-ci-'));
  const npm = `#!/bin/sh
for word in "$@"; do
  case "$word" in --outputFile.json=*) [ -z "$REPORT" ] || printf '%s' "$REPORT" > "\${word#*=}" ;; esac
done
case " $* " in *" $FAILING "*) exit 1 ;; esac
`;
  await writeFile(join(folder, 'npm'), npm);
  await chmod(join(folder, 'npm'), 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function ci(failing: string, report: object | string) {
  const { status, stdout } = spawnSync('bash', [RUN], {
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      FAILING: failing,
      REPORT: typeof report === 'string' ? report : JSON.stringify(report),
    },
    encoding: 'utf8',
    timeout: 2 * MINUTE,
  });
  return { status, last: stdout.trim().split('\n').at(-1) };
}

const GOOD = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 2 };

test('every step passed', () => {
  expect(ci('none', GOOD)).toEqual({ status: 0, last: '7 passed, 0 failed, 2 skipped' });
});

test.each(['test', 'lint', 'types', 'generate', 'docs'])('%s failed', (step) => {
  expect(ci(step, GOOD)).toEqual({ status: 1, last: '7 passed, 0 failed, 2 skipped' });
});

test.each([
  ['a failed test despite exit status 0', { ...GOOD, numFailedTests: 1 }, '7 passed, 1 failed, 2 skipped'],
  ['a run without tests', { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 }, '0 passed, 0 failed'],
  ['an incomplete report', '{"numPassedTests": 7', '0 passed, 1 failed'],
  ['a missing report', '', '0 passed, 1 failed'],
])('%s is a failure', (_, report, last) => {
  expect(ci('none', report)).toEqual({ status: 1, last });
});
