import type { Redis } from 'ioredis';
import * as z from 'zod/mini';

const instant = z.pipe(
  z.number(),
  z.transform((milliseconds) => new Date(milliseconds)),
);
const drill = z.object({
  /** When an archive of the memory was last restored on trial and found right, and which; null for never. */
  verified: z.nullable(z.object({ at: instant, file: z.string() })),
  /** There when a later trial failed: what was wrong, in a sentence. */
  failed: z.nullable(z.object({ at: instant, file: z.string(), said: z.string() })),
});

/** What came of the last trials to restore a memory. */
export type Drill = z.output<typeof drill>;

/** What came of one. */
export interface DrillResult {
  readonly file: string;
  readonly at: Date;
  /** What was wrong; undefined for nothing. */
  readonly said?: string;
}

const key = (prefix: string) => `${prefix}:drills`;

/** In Valkey, so that `status` tells it without asking the store of archives. */
export async function noteDrill(valkey: Redis, prefix: string, group: string, result: DrillResult): Promise<void> {
  const { file, said, at } = { ...result, at: result.at.getTime() };
  const before = said === undefined ? undefined : read(await valkey.hget(key(prefix), group));
  const kept = before?.verified ? { at: before.verified.at.getTime(), file: before.verified.file } : null;
  const note: z.input<typeof drill> =
    said === undefined ? { verified: { at, file }, failed: null } : { verified: kept, failed: { at, file, said } };
  await valkey.hset(key(prefix), group, JSON.stringify(note));
}

/** By group. */
export async function readDrills(valkey: Redis, prefix: string): Promise<ReadonlyMap<string, Drill>> {
  const notes = Object.entries(await valkey.hgetall(key(prefix)));
  return new Map(
    notes.flatMap(([group, text]): [string, Drill][] => {
      const found = read(text);
      return found ? [[group, found]] : [];
    }),
  );
}

/** Of memories that are no more nothing is told. */
export async function keepDrills(valkey: Redis, prefix: string, groups: readonly string[]): Promise<void> {
  const gone = (await valkey.hkeys(key(prefix))).filter((group) => !groups.includes(group));
  if (gone.length > 0) await valkey.hdel(key(prefix), ...gone);
}

/** Undefined for what another version wrote. */
function read(text: string | null): Drill | undefined {
  try {
    return drill.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
