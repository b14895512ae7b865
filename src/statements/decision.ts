/*
 * A decision is read as what it decides: "We decided to move the ETL from A to B" as "We moved the ETL from A to B", "Decision: the gateway
 * switches to Envoy" as "the gateway switched to Envoy". The patterns of changes are in the past tense.
 */

const VERBS =
  'move|migrate|switch|change|port|transfer|transition|convert|shift|go|relocate|replace|drop|retire|abandon|remove|rename|upgrade|downgrade|update|bump|raise|lower|increase|reduce|decrease|revert|return|discontinue|ditch|swap|stop|get rid of|give up|shut down|turn off|switch off|phase out|hand';
const DECIDED_TO = new RegExp(
  `^((?:[\\w@-]+ ){0,4}?(?:we|i|they|the team|our team) (?:have |has )?)(?:just |finally |now )?(?:decided|agreed|resolved|chose) to (${VERBS})\\b`,
  'i',
);
const DECISION =
  /^(?:the |(?:we|the team|our team) (?:have )?)?(?:decision|decided|agreed|outcome|resolution|verdict)(?: (?:of|from|about|on) [^:]{1,40})?: /i;
const FINITE = new RegExp(
  `^(.{1,60}?) (${VERBS.replaceAll('|', 's?|').replace('gos', 'goes')}s?|goes|switches|ditches)(?= )`,
  'i',
);
/** A decision for later changes nothing yet. */
const LATER = /\b(?:next|tomorrow|later|soon|eventually|once|when|if|after|unless|starting|until)\b|@\d/i;
const IRREGULAR = new Map([
  ['go', 'went'],
  ['get', 'got'],
  ['give', 'gave'],
  ['shut', 'shut'],
  ['drop', 'dropped'],
  ['swap', 'swapped'],
  ['stop', 'stopped'],
  ['transfer', 'transferred'],
]);

/** The clause with what was decided as something done; other clauses stay. */
export function decisionAsDone(clause: string): string {
  if (LATER.test(clause)) return clause;
  if (DECIDED_TO.test(clause)) return clause.replace(DECIDED_TO, (_, who: string, verb: string) => who + pastOf(verb));
  const lead = DECISION.exec(clause)?.[0];
  if (lead === undefined) return clause;
  return lead + clause.slice(lead.length).replace(FINITE, (_, who: string, verb: string) => `${who} ${pastOf(verb)}`);
}

/** "switches" and "switch off" become "switched" and "switched off". */
function pastOf(verb: string): string {
  const [found = '', ...rest] = verb.toLowerCase().split(' ');
  const base = /(?:ch|sh|go)es$/.test(found) ? found.slice(0, -2) : found.replace(/s$/, '');
  const past = IRREGULAR.get(base) ?? (base.endsWith('e') ? `${base}d` : `${base}ed`);
  return [past, ...rest].join(' ');
}
