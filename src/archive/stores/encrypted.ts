import { ArchiveDamagedError, ArchiveKeyError, isOperationalError } from '../../errors.ts';
import { type ArchiveStore, measureContent } from './archive-store.ts';

/** The end of the name of an encrypted file, as of the program `age`. */
export const ENCRYPTED = '.age';

export const isEncrypted = (name: string): boolean => name.endsWith(ENCRYPTED);

/**
 * A store whose files with names in `.age` are encrypted on this machine, in the format age-encryption.org/v1. `put` takes and `get` returns
 * their plain content, and sizes and hashes are those of the plain content. Other files pass unchanged. At most one chunk of 64 KiB and
 * one piece of the content are held in memory.
 * @param keys secret keys (`AGE-SECRET-KEY-1…`): the first one encrypts, all decrypt; without a key no encrypted file can be read or written
 * @throws from `put` and `get`, in addition to the store's errors: ArchiveKeyError when there is no key, or no key opens the file;
 *         ArchiveDamagedError when an encrypted file has a wrong byte or lacks its end
 */
export function encryptedStore(store: ArchiveStore, keys: readonly string[]): ArchiveStore {
  return {
    ...store,
    encrypts: keys.length > 0,
    async put(name, content) {
      if (!isEncrypted(name)) return store.put(name, content);
      const plain = measureContent(content);
      await store.put(name, encrypt(plain, name, keys));
      return plain.result();
    },
    get: (name, from = 0) =>
      isEncrypted(name) ? skip(decrypt(store.get(name), name, keys), from) : store.get(name, from),
  };
}

// The library takes 20 ms to load, and few archives are encrypted.
const age = () => import('age-encryption');

async function* encrypt(
  plain: AsyncIterable<Uint8Array>,
  name: string,
  [key]: readonly string[],
): AsyncGenerator<Uint8Array> {
  if (key === undefined)
    throw new ArchiveKeyError(`The archive ${name} cannot be encrypted, because MEMORY_ARCHIVE_KEY is not set.`);
  const { Encrypter, identityToRecipient } = await age();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await usable(() => identityToRecipient(key)));
  yield* await encrypter.encrypt(ReadableStream.from(plain) as ReadableStream<Uint8Array>);
}

async function* decrypt(
  stored: AsyncIterable<Uint8Array>,
  name: string,
  keys: readonly string[],
): AsyncGenerator<Uint8Array> {
  const { Decrypter } = await age();
  const decrypter = new Decrypter();
  for (const key of keys) await usable(() => decrypter.addIdentity(key));
  let isRefused = false;
  // The library tries identities in order, so this one is reached only if none of the keys opens the file.
  decrypter.addIdentity({
    unwrapFileKey() {
      isRefused = true;
      return null;
    },
  });
  const source = rememberFailure(stored);
  try {
    yield* await decrypter.decrypt(ReadableStream.from(source.content) as ReadableStream<Uint8Array>);
  } catch (error) {
    if (source.failure()) throw source.failure();
    if (isRefused) throw refusal(name, keys);
    if (isOperationalError(error)) throw error;
    throw new ArchiveDamagedError(`The archive ${name} is damaged: it cannot be decrypted.`, { cause: error });
  }
}

function refusal(name: string, keys: readonly string[]): ArchiveKeyError {
  return new ArchiveKeyError(
    keys.length === 0
      ? `The archive ${name} is encrypted; set MEMORY_ARCHIVE_KEY to the key with which it was written.`
      : `The archive ${name} is encrypted with another key, or its first bytes are damaged; add the key with which it was written to MEMORY_ARCHIVE_KEY.`,
  );
}

/** The library checks a key's own checksum. */
async function usable<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    // Without the library's error, which may hold a part of the key.
    throw new ArchiveKeyError(
      'MEMORY_ARCHIVE_KEY has a key with a wrong letter or a missing part; copy the key again.',
    );
  }
}

/** Streams of the platform pass failures on, but a failure of the store must not be taken for one of the content. */
function rememberFailure(content: AsyncIterable<Uint8Array>) {
  let failure: unknown;
  return {
    failure: () => failure,
    content: (async function* () {
      try {
        yield* content;
      } catch (error) {
        failure = error;
        throw error;
      }
    })(),
  };
}

/** The content without its first `count` bytes. */
async function* skip(content: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const piece of content) {
    if (left < piece.length) yield piece.subarray(left);
    left = Math.max(left - piece.length, 0);
  }
}

/** A new secret key: 74 characters that begin with `AGE-SECRET-KEY-1`. */
export async function newArchiveKey(): Promise<string> {
  return (await age()).generateX25519Identity();
}
