import type { ExtractedFact } from '../models/language-model.ts';
import { type Claim, type Claims, makeRivals, pairKey } from './claims.ts';
import type { Ending } from './evidence.ts';
import type { Extracted } from './extract.ts';
import type { Judged } from './judge.ts';
import { sameKey } from './names.ts';
import type { Other } from './others.ts';
import type { Resolution } from './resolve-entities.ts';
import type { Statement } from './statements.ts';

/** What the batch taught, set beside what was known. */
export interface Reconciled {
  /** The claim that each statement supports; none for one whose two ends turned out to be one thing. */
  readonly claimOf: ReadonlyMap<Statement, Claim>;
  /** All that is known to have ended between two entities, by `pairKey`. */
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
  /** The pairs of which the batch says that something ended. */
  readonly endedNow: ReadonlySet<string>;
}

/**
 * Lets each statement support a claim: one that is known in the same words or, as the model judged, in others; or else a new
 * one. What contradicts becomes rivals, what ended is noted for the pair, also when nothing is known between the two yet.
 */
export function reconcileFacts(
  batch: readonly Extracted[],
  statements: readonly Statement[],
  claims: Claims,
  known: ReadonlyMap<string, readonly Ending[]>,
  { byKey }: Resolution,
  judged: Judged,
): Reconciled {
  const claimOf = new Map<Statement, Claim>();
  const claimOfOther = (other: Other | undefined) => (other && 'stated' in other ? claimOf.get(other) : other);
  const uuidOf = (name: string) => byKey.get(sameKey(name))?.uuid ?? '';

  for (const statement of statements) {
    const { stated, episode } = statement;
    const [source, target] = [uuidOf(stated.source), uuidOf(stated.target)];
    if (source === target) continue;
    const repeated = claimOfOther(judged.repeats.get(statement));
    const isRepeat = repeated && pairKey(repeated.source, repeated.target) === pairKey(source, target);
    const claim =
      claims.find(source, target, stated.fact) ??
      (isRepeat ? repeated : claims.add(source, target, stated.relation, stated.fact));
    if (claim === repeated) claims.reword(claim, stated.fact);
    support(claim, stated, episode);
    claimOf.set(statement, claim);
  }
  for (const [statement, others] of judged.contradicts) {
    const claim = claimOf.get(statement);
    for (const other of others.map(claimOfOther))
      if (claim && other && shareEnd(claim, other)) makeRivals(claim, other);
  }
  return { claimOf, ...noteEndings(batch, claims, known, uuidOf) };
}

function support(claim: Claim, stated: ExtractedFact, episode: Extracted['episode']): void {
  const { validAt, invalidAt, attributes, relation, fact } = stated;
  const said = episode.referenceTime;
  // What is told without a beginning holds since the episode, unless it had ended by then: since when is not known.
  const begin = validAt ?? (invalidAt && invalidAt <= said ? null : said);
  const isSaid = claim.supports.some(
    (it) => it.episode === episode.uuid && isSame(it.begin, begin) && isSame(it.end, invalidAt),
  );
  if (isSaid && !attributes) return;
  const own = sameKey(fact) === sameKey(claim.fact) ? {} : { words: { relation, fact } };
  claim.supports.push({
    episode: episode.uuid,
    said,
    begin,
    end: invalidAt,
    ...(attributes && { attributes }),
    ...own,
  });
  claim.touched = true;
}

const isSame = (one: Date | null, other: Date | null) => one?.getTime() === other?.getTime();

function shareEnd(one: Claim, other: Claim): boolean {
  const ends = new Set([one.source, one.target]);
  return ends.has(other.source) || ends.has(other.target);
}

function noteEndings(
  batch: readonly Extracted[],
  claims: Claims,
  known: ReadonlyMap<string, readonly Ending[]>,
  uuidOf: (name: string) => string,
) {
  const endings = new Map<string, Ending[]>([...known].map(([pair, told]) => [pair, [...told]]));
  const endedNow = new Set<string>();
  for (const { episode, extraction } of batch)
    for (const { source, target, at } of extraction.ended) {
      const [one, other] = [uuidOf(source), uuidOf(target)];
      const pair = pairKey(one, other);
      const told = endings.get(pair) ?? [];
      if (one === other || told.some((it) => it.episode === episode.uuid && it.at.getTime() === at.getTime())) continue;
      endings.set(pair, [...told, { episode: episode.uuid, at }]);
      endedNow.add(pair);
      for (const claim of claims.between(one, other)) claim.touched = true;
    }
  return { endings, endedNow };
}
