import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fileSystemSentence } from '../../../src/cli/run.ts';

const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test.each([
  ['EACCES', '/home/note cannot be used: permission denied (EACCES).'],
  ['EROFS', '/home/note cannot be used: the file system is read-only (EROFS).'],
  ['ENOSPC', '/home/note cannot be used: the disk is full (ENOSPC).'],
])('%s becomes a readable message', (code, sentence) => {
  expect(fileSystemSentence(Object.assign(new Error(code), { code, syscall: 'open', path: '/home/note' }))).toBe(
    sentence,
  );
});

test('real system errors become readable messages, with or without a path', async () => {
  expect(fileSystemSentence(await thrownBy(readFile('/nowhere/at/all')))).toBe(
    '/nowhere/at/all cannot be used: it does not exist (ENOENT).',
  );
  expect(fileSystemSentence(await thrownBy(writeFile('/dev/full', 'x')))).toMatch(/the disk is full \(ENOSPC\)\.$/);
});

test('an error that is not a file error is left to other handlers', () => {
  for (const error of [
    new Error('x'),
    null,
    'EACCES',
    Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }),
  ])
    expect(fileSystemSentence(error)).toBeUndefined();
});
