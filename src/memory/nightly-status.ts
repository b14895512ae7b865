import type { LastNight, Nights, Outcome } from '../queue/nights.ts';
import type { Drill } from '../schedule/drills.ts';
import { SECOND } from '../time.ts';

/** Whether memories are exported by themselves, and whether what was written can be restored. Ages are seconds. */
export interface NightlyStatus {
  /** When it is due next; null while the schedule is off or nobody ever kept it. */
  readonly next: Date | null;
  /** The last time that it was due, and what came of that, where it is known; null for never. */
  readonly last: { readonly tick: Date; readonly outcome: Outcome | null } | null;
  /** The last archive of the group that was restored on trial and found right; null for none. */
  readonly verified: { readonly file: string; readonly age: number } | null;
  /** There when a later trial showed that an archive of the group cannot be restored. */
  readonly failed: { readonly file: string; readonly age: number; readonly said: string } | null;
  /** Of all memories that were ever tried, the one for which it went well the longest time ago. */
  readonly oldest: { readonly group: string; readonly age: number } | null;
}

/** @param now milliseconds since 1970, by Valkey's clock */
export async function nightlyStatus(nights: Nights, group: string, now: number): Promise<NightlyStatus> {
  const [night, drills] = await Promise.all([nights.last(), nights.drills()]);
  const { verified = null, failed = null } = drills.get(group) ?? {};
  return {
    next: night.next,
    last: lastOf(night),
    verified: verified && { file: verified.file, age: age(verified.at, now) },
    failed: failed && { file: failed.file, age: age(failed.at, now), said: failed.said },
    oldest: oldestOf(drills, now),
  };
}

const lastOf = ({ last, outcome }: LastNight): NightlyStatus['last'] => last && { tick: last, outcome };

function oldestOf(drills: ReadonlyMap<string, Drill>, now: number): NightlyStatus['oldest'] {
  const ages = [...drills].flatMap(([group, { verified }]) =>
    verified ? [{ group, age: age(verified.at, now) }] : [],
  );
  return ages.toSorted((a, b) => b.age - a.age)[0] ?? null;
}

const age = (at: Date, now: number): number => Math.max(0, Math.round((now - at.getTime()) / SECOND));
