import { isStopword } from '../english/words.ts';
import { isDate, type Word } from './words.ts';

export const wordSet = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

export const PREPOSITIONS = wordSet(
  'on in at to from with by for via as under over through into onto of per within since until behind inside outside against between',
);
export const CLAUSE_BREAKS = wordSet(
  'and or but because so since until when while after before where which who that if as',
);
/** Verbs that describe a state, by their stems. Such a state lasts until a text says otherwise. */
const ACTIVE = wordSet(`
  use run liv stand sit listen li go lead own maintain manag support ship deploy tak cost last expir start begin end need requir allow
  contain hold keep stor work head handl serv send connect talk point belong rely depend target render publish fail accept wait retry
  host speak offer provid return fit weigh measur read writ log lock open clos happen call driv com chair moderat coordinat supervis review
  draw paint compress encrypt compil bundl
  pass flow resid rout post report escalat forward redirect mount meet gather convene
  sync refresh rotat renew poll execut arriv depart`);
const BROKEN = wordSet(
  'broken down failing unavailable offline red flaky blocked defective out-of-order dead unusable stuck crashing unreachable',
);
const WORKING = wordSet(
  'working fixed repaired up online green available restored healthy back unblocked fine usable reachable stable',
);
export const DETERMINERS = wordSet('the our my your his her their its this that a an all both each every');
const PRONOUNS = wordSet('we i you they');
const PAST_FORMS = wordSet(
  'began broke brought built came chose did drew drove fell felt found gave got had held kept knew left led lost made met moved paid put ran said sat saw sent spent spoke stood took told thought went won wrote',
);

/** "You can pass an option instead" says what is possible. */
const MODALS = /^(?:can|cannot|could|may|might|must|shall|should|will|would)$|^ca?n['’]t$/;

export const PRESENT_FORMS_OF_BE = /^(?:is|are|'s|isn't|aren't)$/;

/** Position of the verb by which a clause describes a state; -1 if it describes none. */
export function verbAt(words: readonly Word[]): number {
  for (const [at, { lower, stem: root }] of words.entries()) {
    if (/^(?:was|were|had|did|went|became)$/.test(lower)) return -1;
    if (PRESENT_FORMS_OF_BE.test(lower) || /^(?:has|have)$/.test(lower)) {
      const next = words[at + 1]?.lower ?? '';
      return /^(?:has|have)$/.test(lower) && (next === 'been' || /ed$/.test(next)) ? -1 : at;
    }
    const before = words[at - 1];
    const isSaidOfUs =
      before && PRONOUNS.has(before.lower) && !isStopword(lower) && !/(?:ly|ed)$|^(?:often|never)$/.test(lower);
    if (isSaidOfUs) return PAST_FORMS.has(lower) || MODALS.test(lower) ? -1 : at;
    if (!ACTIVE.has(root) || /(?:ing|ed)$|^sites?$/.test(lower)) continue;
    // "Logs go to Loki"
    if (!before && lower.endsWith('s') && ACTIVE.has(words[1]?.lower ?? '')) continue;
    if (!before) return at;
    if (DETERMINERS.has(before.lower) || PREPOSITIONS.has(before.lower) || before.isParted) continue;
    const isThird = /s$/.test(lower);
    const isPlural = PRONOUNS.has(before.lower) || (/[^s]s$/.test(before.lower) && !before.lower.endsWith("'s"));
    // "Redis runs on 6379", "Tomas Reyes owns it"; but "Redis runs are slow".
    const isAfterName = isThird && before.isName && !PRESENT_FORMS_OF_BE.test(words[at + 1]?.lower ?? '');
    if (isThird !== isPlural || isAfterName || PRONOUNS.has(before.lower)) return at;
  }
  return -1;
}

export function statedWorkingState(words: readonly Word[], at: number): { word: 'ok' | 'broken' } | null {
  const after = words
    .slice(at + 1)
    .filter(({ lower }) => !/^(?:not|again|now|back|still|all|fully|currently)$/.test(lower));
  const isDenied = words.slice(at, at + 3).some(({ lower }) => lower === 'not' || /n't$/.test(lower));
  const verb = words[at]?.stem;
  const turned = (word: 'ok' | 'broken') => ({
    word: isDenied === (word === 'ok') ? ('broken' as const) : ('ok' as const),
  });
  const isEnd = (word: Word | undefined) =>
    !word || PREPOSITIONS.has(word.lower) || CLAUSE_BREAKS.has(word.lower) || isDate(word.stem);
  // "Lena works at Contoso"
  const isEmployed = /^(?:at|for|as|on|with|under)$/.test(after[0]?.lower ?? '');
  if (verb === 'work' && !isEmployed && (isEnd(after[0]) || words[at + 1]?.lower === 'again')) return turned('ok');
  if (verb === 'fail' && isEnd(after[0])) return turned('broken');
  if (!PRESENT_FORMS_OF_BE.test(words[at]?.lower ?? '')) return null;
  const isBack =
    words.slice(at + 1, at + 3).some(({ lower }) => lower === 'back') &&
    isEnd(after[0]) &&
    !/^(?:on|to|in|at)$/.test(after[0]?.lower ?? '');
  if (isBack) return { word: 'ok' };
  const [first, next] = after;
  if (!first || !isEnd(next)) return null;
  if (BROKEN.has(first.lower)) return turned('broken');
  return WORKING.has(first.lower) ? turned('ok') : null;
}

export const isParticiple = ({ lower }: Word): boolean =>
  /[^e]ed$/.test(lower) ||
  /^(?:built|written|kept|sent|held|run|led|made|set|put|done|read|sold|paid|born|drawn|driven|taken|given|known|grown|spoken|shown|stored|freed)$/.test(
    lower,
  );
