import type { Claim } from '../ingest/claims.ts';
import { sameKey } from '../ingest/names.ts';
import { order, type Support } from '../ingest/timeline.ts';

/** A claim that is said in other words now, and the words that nobody says any more. */
export interface Reworded {
  readonly claim: Claim;
  readonly before: string;
}

/** Takes from a claim what is said no more: its supports, its words, and from its rivals itself once nobody supports it. */
export function withdraw(claim: Claim, isSaid: (support: Support) => boolean): Reworded | undefined {
  const left = claim.supports.filter(isSaid);
  claim.supports.splice(0, claim.supports.length, ...left);
  if (left.length > 0) return reword(claim);
  for (const rival of claim.rivals) {
    rival.rivals.delete(claim);
    for (const { uuid } of claim.stored) rival.rivalUuids.delete(uuid);
  }
  return undefined;
}

/** The words of the fact stay while anybody says them; else they are those of whoever says it first in time. */
function reword(claim: Claim): Reworded | undefined {
  const before = claim.fact;
  const [first] = [...claim.supports].sort((a, b) => order(a) - order(b) || (a.episode < b.episode ? -1 : 1));
  const isSaid = claim.supports.some(({ words }) => !words);
  if (!isSaid && first?.words) {
    claim.fact = first.words.fact;
    claim.relation = first.words.relation;
    const key = sameKey(claim.fact);
    const own = claim.supports.map(({ words, ...support }) =>
      words && sameKey(words.fact) !== key ? { ...support, words } : support,
    );
    claim.supports.splice(0, own.length, ...own);
  }
  claim.wordings.clear();
  for (const { words } of claim.supports) if (words) claim.wordings.add(sameKey(words.fact));
  return claim.fact === before ? undefined : { claim, before };
}
