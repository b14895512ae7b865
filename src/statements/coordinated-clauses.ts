import { DETERMINERS, PREPOSITIONS, PRESENT_FORMS_OF_BE, verbAt } from './verbs.ts';
import { type Word, wordsOf } from './words.ts';

/*
 * "Heron is written in Rust and draws with wgpu" has two verbs and one subject. Its second half says something of its own: "Heron draws with
 * wgpu", which can end while the first half holds.
 */

const AND = /,? and (?=\p{Ll}+s \S)/gu;
const CONDITION = /^(?:if|when|while|because|after|before|unless|until|once|as)\b/i;
const NO_NAME = /^(?:we|i|you|they|it|he|she|this|that|there|what|which|who|to)$/i;

/** The clauses, divided where one subject has several verbs in the third person; each has the subject of its sentence. */
export function coordinatedClauses(clauses: readonly string[]): string[] {
  let subject = '';
  return clauses.flatMap(divided).map((clause) => {
    const words = clause.trim();
    if (subject !== '' && isVerbFirst(words)) return `${subject} ${words}`;
    subject = subjectOf(words);
    return clause;
  });
}

function divided(clause: string): string[] {
  for (const { index, 0: and } of clause.matchAll(AND)) {
    const [before, after] = [clause.slice(0, index), clause.slice(index + and.length)];
    if (subjectOf(before) === '' || !isVerbFirst(after) || isPlural(before)) continue;
    return [before, ...divided(`${subjectOf(before)} ${after}`)];
  }
  return [clause];
}

/** The words before a verb in the third person; empty for a pronoun. */
function subjectOf(clause: string): string {
  const words = wordsOf(clause, []);
  const at = verbAt(words);
  const verb = words[at];
  if (at < 1 || !verb || !/s$/.test(verb.lower) || NO_NAME.test(words[at - 1]?.lower ?? '')) return '';
  if (CONDITION.test(clause) || (PRESENT_FORMS_OF_BE.test(verb.lower) && verb.lower !== 'is')) return '';
  const found = new RegExp(`^(?<subject>.*?)(?<![\\p{L}\\p{N}])${verb.lower}(?![\\p{L}\\p{N}])`, 'iu').exec(clause);
  return found?.groups?.subject?.trim().replace(/[,;:]$/, '') ?? '';
}

/** "draws with wgpu", "uses the API", "runs Redis"; but not "reports of errors" after "sends". */
function isVerbFirst(clause: string): boolean {
  const [verb, next] = wordsOf(clause, []) as readonly (Word | undefined)[];
  if (!verb || !next || verb.isName || verbAt([verb, next]) !== 0 || !/s$/.test(verb.lower) || verb.isParted)
    return false;
  return verb.lower === 'is' || next.isName || PREPOSITIONS.has(next.lower) || DETERMINERS.has(next.lower);
}

/** "sends mails and reports to Slack" may have two objects. */
const isPlural = (before: string): boolean => /(?:^| )\p{Ll}+[^s\P{L}]s$/u.test(before);
