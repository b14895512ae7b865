import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../../errors.ts';

const SHORTEST = 16;

/** The token that clients send, from a private file. `isNew` is true if the file was created now. */
export interface Token {
  readonly token: string;
  readonly isNew: boolean;
}

/** @throws ConfigError when the file cannot be read or written, is not private, or contains too short a token */
export function readToken(file: string): Token {
  try {
    const token = readFileSync(file, 'utf8').trim();
    checkPrivate(file);
    return { token: checked(token, file), isNew: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explained(error, file);
  }
  try {
    const token = randomBytes(32).toString('base64url');
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
    return { token, isNew: true };
  } catch (error) {
    // Another server created the file at the same moment.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readToken(file);
    throw explained(error, file);
  }
}

function checked(token: string, file: string): string {
  if (token.length >= SHORTEST && /^\S+$/.test(token)) return token;
  throw new ConfigError(
    `The token in ${file} cannot be used; it has at least ${SHORTEST} characters without spaces. Remove the file to get a new one.`,
  );
}

/** As ssh does for its keys: anyone who can read or replace the file can use the memory. */
function checkPrivate(file: string): void {
  const ownUid = process.getuid?.();
  if (ownUid === undefined) return;
  const { uid, mode } = statSync(file);
  if ((mode & 0o077) !== 0)
    throw new ConfigError(
      `The token file ${file} is open to other users (mode 0${(mode & 0o777).toString(8)}); run chmod 600 on it, or remove it to get a new one.`,
    );
  if (uid !== ownUid && uid !== 0)
    throw new ConfigError(`The token file ${file} belongs to another user; name one of your own with --token-file.`);
}

function explained(error: unknown, file: string): Error {
  if (error instanceof ConfigError) return error;
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return new ConfigError(`The token file ${file} cannot be used (${code}); name another with --token-file.`, {
    cause: error,
  });
}
