import { createHash } from 'node:crypto';
import { oneLine } from './text.ts';

/*
 * The rules of an episode that the user has ended, as hashes in the episode's metadata: `unpinned`. The text of the episode stays, and the
 * hashes repeat none of it.
 */

const LENGTH = 16;
const UNPINNED = new RegExp(`"unpinned":\\[((?:"[0-9a-f]{${LENGTH}}",?)*)\\]`);
/** Long metadata are read in part, and the beginning of a turn's metadata is fixed. */
const FIRST = ['kind', 'host', 'session', 'message'];

/** Equal for a rule that differs only in white space or case. */
export const ruleHash = (rule: string): string =>
  createHash('sha256').update(oneLine(rule).toLowerCase()).digest('hex').slice(0, LENGTH);

/** @param metadata JSON, or its beginning */
export function unpinnedRules(metadata: string | null): ReadonlySet<string> {
  const list = metadata === null ? undefined : UNPINNED.exec(metadata)?.[1];
  return new Set(list?.match(/[0-9a-f]+/g));
}

/** The metadata with more ended rules. @param metadata JSON */
export function withUnpinnedRules(metadata: string, hashes: readonly string[]): string {
  const unpinned = [...new Set([...unpinnedRules(metadata), ...hashes])];
  const entries = Object.entries(JSON.parse(metadata) as object).filter(([name]) => name !== 'unpinned');
  const isFirst = ([name]: readonly [string, unknown]) => FIRST.includes(name);
  return JSON.stringify(
    Object.fromEntries([
      ...entries.filter(isFirst),
      ['unpinned', unpinned],
      ...entries.filter((entry) => !isFirst(entry)),
    ]),
  );
}

/** The metadata without ended rules. */
export function withoutUnpinnedRules<Metadata extends object>(metadata: Metadata): Omit<Metadata, 'unpinned'> {
  const { unpinned: _, ...rest } = metadata as Metadata & { readonly unpinned?: unknown };
  return rest;
}
