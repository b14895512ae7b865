import type { Redis } from 'ioredis';
import type { LanguageModel } from '../models/language-model.ts';
import { HOUR, SECOND } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Memo } from './memo.ts';
import { hashOf, readVerdict } from './memo-format.ts';
import type { Stages } from './stages.ts';

/** Who decides what rules could not. */
export type Judge = Pick<LanguageModel, 'resolves' | 'resolve'>;

const KEPT = (1 * HOUR) / SECOND;

/**
 * Remembers a verdict for an hour by the very questions, so that a commit which was refused after it does not pay twice. A
 * verdict that cannot be kept or read is asked for again.
 */
export function rememberingJudge(
  valkey: Redis,
  group: string,
  model: Judge & Pick<LanguageModel, 'id'>,
  count: Memo['count'],
  stage: Stages,
): Judge {
  return {
    resolves: model.resolves,
    async resolve(undecided) {
      const key = `${groupKey(valkey, 'memo', group)}:judgement:${hashOf(model.id, undecided)}`;
      const asked = { entities: undecided.entities.length, facts: undecided.facts.length };
      const kept = await valkey.get(key).catch(() => null);
      const known = kept === null ? undefined : readVerdict(kept, asked);
      count('judgement', known !== undefined);
      if (known) return known;
      const verdict = await stage('resolve', { tags: { group } }, () => model.resolve(undecided));
      valkey.set(key, JSON.stringify(verdict), 'EX', KEPT).catch(() => {});
      return verdict;
    },
  };
}
