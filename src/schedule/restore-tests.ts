import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { parseJson } from '../json.ts';

const instant = z.pipe(
  z.number(),
  z.transform((milliseconds) => new Date(milliseconds)),
);
const restoreTest = z.object({
  /** The last successful restore test and its archive; null for none. */
  verified: z.nullable(z.object({ at: instant, file: z.string() })),
  /** Set when a later test failed; `said` is the problem, under the name that earlier releases store. */
  failed: z.nullable(z.object({ at: instant, file: z.string(), said: z.string() })),
});

/** Results of the last restore tests of a memory. */
export type RestoreTest = z.output<typeof restoreTest>;

/** The result of one restore test. */
export interface RestoreTestResult {
  readonly file: string;
  readonly at: Date;
  /** The problem; undefined for none. */
  readonly problem?: string | undefined;
}

const key = (prefix: string) => `${prefix}:drills`;

/** In Valkey, so that `status` shows it without reading the archive store. */
export async function storeRestoreTest(
  valkey: Redis,
  prefix: string,
  group: string,
  result: RestoreTestResult,
): Promise<void> {
  const { file, problem, at } = { ...result, at: result.at.getTime() };
  const before = problem === undefined ? undefined : read(await valkey.hget(key(prefix), group));
  const kept = before?.verified ? { at: before.verified.at.getTime(), file: before.verified.file } : null;
  const note: z.input<typeof restoreTest> =
    problem === undefined
      ? { verified: { at, file }, failed: null }
      : { verified: kept, failed: { at, file, said: problem } };
  await valkey.hset(key(prefix), group, JSON.stringify(note));
}

/** The restore tests by group. */
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
export async function removeRestoreTests(valkey: Redis, prefix: string, groups: readonly string[]): Promise<void> {
  if (groups.length > 0) await valkey.hdel(key(prefix), ...groups);
}

/** Undefined for the result of another version. */
const read = (text: string | null): RestoreTest | undefined => restoreTest.safeParse(parseJson(text ?? '')).data;
