import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// No test may depend on how fast a machine is: it waits for states (`until`), forces conditions (a proxy, SIGSTOP, a turned clock) and
// leaves times to `npm run bench`.

const TESTS = fileURLToPath(new URL('..', import.meta.url));
/** Where a timer is needed, and why. */
const TIMERS: Readonly<Record<string, string>> = {
  'support/wait.ts': 'what all others wait with',
  'support/command-line.ts': 'kills a program that hangs',
  'support/pseudo-terminal.ts': 'kills a program that hangs',
  'support/hosts/coding-agent.ts': 'gives up a program that hangs',
  'support/opencode/host.ts': 'gives up a program that hangs',
  'support/fake-openai/server.ts': 'a model that takes its time',
  'support/fake-openai/pieces.ts': 'a model that takes its time between pieces',
  'support/fake-b2/server.ts': 'a slow line',
  'support/faults/proxy.ts': 'a slow line',
  'support/faults/scheduler.ts': 'a program that looks all the time',
  'support/upgrade/write-home.mjs': 'a program of the previous release, which waits for states',
  'integration/archive-format/endless-export.ts': 'a program that never gets to the end, until it is killed',
};
const TIMER = /\b(?:setTimeout|sleep|AbortSignal\.timeout|vi\.wait(?:For|Until))\(|import \{ setTimeout\b/;
/** A clock, or what was read from one, that must be less than something. */
const COMPARED = /expect\(\s*(?:(?:performance|Date)\.now\(\)|\w*\btook\b)[^;]*?\)\s*\.toBeLess/;
/** A time that is left, compared with what is left by the clock of now. */
const LEFT = /\.toBe(?:Less|Greater)\w+\([^;\n]*- (?:performance|Date)\.now\(\)/;
/** Limits of waiting and of whole tests that a busy machine may break. */
const SHORT =
  /\buntil\([^;]*?,\s*\d{1,2}_?\d{3}\s*,?\s*\);|\{\s*timeout: \d{1,2}_?\d{3},?\s*\},? (?:async|\(|\))|\.poll\([^;]*?timeout: \d{1,2}_?\d{3}\b/;

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => /\.(?:ts|mjs)$/.test(name) && !name.endsWith('no-sleeps.test.ts'));
const holding = (pattern: RegExp) => files.filter((name) => pattern.test(readFileSync(join(TESTS, name), 'utf8')));

test('timers are used only where they are needed', () => {
  expect(holding(TIMER).sort()).toEqual(Object.keys(TIMERS).sort());
});

test('no test asserts how long something took', () => {
  expect([...holding(COMPARED), ...holding(LEFT)]).toEqual([]);
});

test('timeouts are far above what a busy machine needs', () => {
  expect(holding(SHORT)).toEqual([]);
});
