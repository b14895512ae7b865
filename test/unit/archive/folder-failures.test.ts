import { describe, expect, test } from 'vitest';
import { folderArchiveError } from '../../../src/archive/stores/folder.ts';
import { ArchiveLocationError } from '../../../src/errors.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: something of the system`), { code });

describe('a file system error', () => {
  test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('%s says that the disk is full', (code) => {
    const cause = failure(code);

    const error = folderArchiveError(cause, '/exports') as Error;

    expect(error).toBeInstanceOf(ArchiveLocationError);
    expect(error.message).toBe(`The disk that holds /exports is full (${code}); free some space, then export again.`);
    expect(error.cause).toBe(cause);
  });

  test.each(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ELOOP', 'ENAMETOOLONG'])(
    '%s names the folder and its setting',
    (code) => {
      const cause = failure(code);

      const error = folderArchiveError(cause, '/exports') as Error;

      expect(error).toBeInstanceOf(ArchiveLocationError);
      expect(error.message).toBe(
        `The folder /exports cannot be used for archives (${code}); check MEMORY_EXPORT_DIR, here and for the worker, which writes there.`,
      );
      expect(error.cause).toBe(cause);
    },
  );

  test.each([
    failure('EIO'),
    failure('EMFILE'),
    new Error('without a code'),
    new ArchiveLocationError('a sentence already'),
  ])('of another kind is left unchanged: %s', (error) => {
    expect(folderArchiveError(error, '/exports')).toBe(error);
  });
});
