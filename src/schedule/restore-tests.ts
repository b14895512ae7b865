import type { Redis } from 'ioredis';
import * as z from 'zod/mini';

const instant = z.pipe(
  z.number(),
  z.transform((milliseconds) => new Date(milliseconds)),
);
const restoreTest = z.object({
  /** When an archive of the memory was last restored successfully in a test, and which; null for never. */
  verified: z.nullable(z.object({ at: instant, file: z.string() })),
  /** Set when a later test failed; `said` describes the problem. */
  failed: z.nullable(z.object({ at: instant, file: z.string(), said: z.string() })),
});

/** Results of the last restore tests of a memory. */
export type RestoreTest = z.output<typeof restoreTest>;

/** The result of one restore test. */
export interface RestoreTestResult {
  readonly file: string;
  readonly at: Date;
  /** The problem; undefined for none. */
  readonly said?: string;
}

const key = (prefix: string) => `${prefix}:drills`;

/** In Valkey, so that `status` shows it without reading the archive store. */
export async function storeRestoreTest(
  valkey: Redis,
  prefix: string,
  group: string,
  result: RestoreTestResult,
): Promise<void> {
  const { file, said, at } = { ...result, at: result.at.getTime() };
  const before = said === undefined ? undefined : read(await valkey.hget(key(prefix), group));
  const kept = before?.verified ? { at: before.verified.at.getTime(), file: before.verified.file } : null;
  const note: z.input<typeof restoreTest> =
    said === undefined ? { verified: { at, file }, failed: null } : { verified: kept, failed: { at, file, said } };
  await valkey.hset(key(prefix), group, JSON.stringify(note));
}

/** By group. */
export async function readRestoreTests(valkey: Redis, prefix: string): Promise<ReadonlyMap<string, RestoreTest>> {
  const notes = Object.entries(await valkey.hgetall(key(prefix)));
  return new Map(
    notes.flatMap(([group, text]): [string, RestoreTest][] => {
      const found = read(text);
      return found ? [[group, found]] : [];
    }),
  );
}

/** Removes the results of memories that no longer exist. */
export async function pruneRestoreTests(valkey: Redis, prefix: string, groups: readonly string[]): Promise<void> {
  const removedGroups = (await valkey.hkeys(key(prefix))).filter((group) => !groups.includes(group));
  if (removedGroups.length > 0) await valkey.hdel(key(prefix), ...removedGroups);
}

/** Undefined for what another version wrote. */
function read(text: string | null): RestoreTest | undefined {
  try {
    return restoreTest.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
