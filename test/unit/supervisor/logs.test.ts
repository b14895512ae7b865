import { expect, test } from 'vitest';
import { logReader } from '../../../src/supervisor/logs.ts';

test('worker log lines have a time, a level and a message; a stack trace has the time of the line before', () => {
  const read = logReader('worker');

  const lines = read(
    '{"level":"info","time":"2026-11-30T10:00:00.000Z","pid":1,"msg":"Worker 1 is ready."}\n' +
      '{"level":"error","time":"2026-11-30T10:00:01.000Z","pid":1,"msg":"A job failed."}\n' +
      'TypeError: no\n    at place\n',
  );

  const at = Date.parse('2026-11-30T10:00:00Z');
  expect(lines).toEqual([
    { at, log: 'worker', level: 'info', text: 'Worker 1 is ready.' },
    { at: at + 1000, log: 'worker', level: 'warning', text: 'A job failed.' },
    { at: at + 1000, log: 'worker', level: 'info', text: 'TypeError: no' },
    { at: at + 1000, log: 'worker', level: 'info', text: '    at place' },
  ]);
});

test('server log lines use the local time of this machine', () => {
  const [line] = logReader('valkey')('77:M 30 Nov 2026 10:27:30.123 # Out of memory\n');

  expect(line).toEqual({
    at: new Date(2026, 10, 30, 10, 27, 30, 123).getTime(),
    log: 'valkey',
    level: 'warning',
    text: 'Out of memory',
  });
});

test('the crash report of a server, which quotes its memory, is omitted except for the signal', () => {
  const read = logReader('falkordb');
  const at = '77:M 30 Nov 2026 10:27:30.123';

  const lines = [
    ...read(
      `=== REDIS BUG REPORT START: Cut & paste starting from here ===\n${at} # Redis 7.4 crashed by signal: 11\n`,
    ),
    ...read(`argv[2]: 'MERGE (n {text: "the secret plan"})'\n=== REDIS BUG REPORT END. ===\n${at} * Next\n`),
  ];

  expect(lines.map(({ text }) => text)).toEqual([
    'Redis 7.4 crashed by signal: 11',
    '=== REDIS BUG REPORT END. ===',
    'Next',
  ]);
});
