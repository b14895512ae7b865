/**
 * The script language in which a test tells the fake server what to find in an episode: one statement per line of the episode. The
 * server ignores all other lines. A line may begin with a speaker (`Mira: …`), a quote mark or a bullet (`- `).
 *
 *     Mira Okafor [Person] WORKS_ON Harbor [Project]: Mira Okafor works on Harbor (2025-01-10..2025-03-01)
 *
 * The parts are source, relation, target and, after the colon, the fact. Types in brackets are optional (else `Entity`, or the type
 * that the same episode gives the name elsewhere). The relation is the first word of two or more capitals and underscores after the
 * first word; a name that contains such a word needs its `[Type]`. Dates are optional and are returned unchanged: `(a..b)`, `(a..)`,
 * `(..b)` or `(a)`, which is a beginning. Attributes follow the type or the relation:
 *
 *     Mira Okafor [Person role="lead" age=30] WORKS_ON{share=0.5} Harbor: …
 *
 * Other statements:
 *
 *     entity: Harbor [Project]                     an entity without a fact
 *     ended: Harbor / Redis 7 @ 2025-03-01         a relation between the two ended; the date is optional
 *
 *     value: Harbor's API / port = 9090 (was 8080): The API listens on 9090.      a property with one value; "was" is optional
 *     rule: I prefer short commits.                a sentence of the text that states a rule
 *     task: write the runbook: I will write the runbook.                          work that is open, and the sentence that says so
 *     done: write the runbook: The runbook is written.
 *
 * `{evidence="…"}` after the relation gives the sentence of a fact. The episode must contain this sentence.
 *
 * General knowledge for later questions, which the server keeps. The option `knowledge` takes the same lines:
 *
 *     same: K8s = Kubernetes                       two names of one thing
 *     exclusive: LIVES_IN                          a source has one target at a time: two with other targets contradict
 *     contradicts: USES / ABANDONED                two facts with these relations and the same ends contradict
 *     repeats: Mira leads Harbor = Harbor is led by Mira      two sentences that say the same
 */
export interface Scripted {
  readonly entities: readonly ScriptedEntity[];
  readonly facts: readonly ScriptedFact[];
  readonly ended: readonly { source: string; target: string; at: string | null }[];
  readonly values: readonly {
    subject: string;
    property: string;
    value: string;
    replaces: string | null;
    evidence: string;
  }[];
  readonly rules: readonly { evidence: string }[];
  readonly tasks: readonly { task: string; done: boolean; evidence: string }[];
}

export interface ScriptedEntity {
  readonly name: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface ScriptedFact {
  readonly source: string;
  readonly target: string;
  readonly relation: string;
  readonly fact: string;
  readonly valid_at: string | null;
  readonly invalid_at: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const THING = String.raw`([^[\]]+?)(?:\s*\[(\w+)((?:\s+\w+=(?:"[^"]*"|\S+?))*)\s*\])?`;
const FACT = new RegExp(
  String.raw`^${THING}\s+([A-Z][A-Z0-9_]+)(?:\{([^}]*)\})?\s+${THING}:\s+(.+?)(?:\s+\(([^\s()]*?)(?:\.\.([^\s()]*))?\))?$`,
);
const ENTITY = new RegExp(`^entity: ${THING}$`);
const ENDED = /^ended: (.+?) \/ (.+?)(?: @ (\S+))?$/;
const VALUE = /^value: (.+?) \/ (.+?) = (.+?)(?: \(was (.+?)\))?: (.+)$/;
const RULE = /^rule: (.+)$/;
const TASK = /^(task|done): (.+?): (.+)$/;
const ATTRIBUTE = /(\w+)=("[^"]*"|[^\s,]+)/g;

export function readScript(text: string): Scripted {
  const entities = new Map<string, ScriptedEntity>();
  const facts: ScriptedFact[] = [];
  const ended: { source: string; target: string; at: string | null }[] = [];
  const values: { subject: string; property: string; value: string; replaces: string | null; evidence: string }[] = [];
  const rules: { evidence: string }[] = [];
  const tasks: { task: string; done: boolean; evidence: string }[] = [];
  const note = (name: string, type?: string, attributes?: string) => {
    const known = entities.get(name);
    entities.set(name, {
      name,
      type: type ?? known?.type ?? 'Entity',
      attributes: { ...known?.attributes, ...readAttributes(attributes) },
    });
  };
  for (const line of text.split('\n').map(bare)) {
    const [, subject, property = '', value = '', replaces, evidence = ''] = VALUE.exec(line) ?? [];
    if (subject) values.push({ subject, property, value, replaces: replaces ?? null, evidence });
    const rule = RULE.exec(line)?.[1];
    if (rule) rules.push({ evidence: rule });
    const [, state, task = '', sentence = ''] = TASK.exec(line) ?? [];
    if (state) tasks.push({ task, done: state === 'done', evidence: sentence });
    if (subject || rule || state) continue;
    const end = ENDED.exec(line);
    const [
      ,
      source = '',
      sourceType,
      sourceHas,
      relation = '',
      has,
      target = '',
      targetType,
      targetHas,
      fact = '',
      ...dates
    ] = (end ? undefined : FACT.exec(line)) ?? [];
    const [, thing, type, thingHas] = ENTITY.exec(line) ?? [];
    if (end?.[1] && end[2]) {
      for (const name of [end[1], end[2]]) note(name);
      ended.push({ source: end[1], target: end[2], at: end[3] ?? null });
    } else if (thing) note(thing, type, thingHas);
    else if (relation) {
      note(source, sourceType, sourceHas);
      note(target, targetType, targetHas);
      const [from, until] = dates;
      const held = { valid_at: from || null, invalid_at: until || null };
      facts.push({ source, target, relation, fact, ...held, attributes: readAttributes(has) });
    }
  }
  return { entities: [...entities.values()], facts, ended, values, rules, tasks };
}

/** A line without its bullet, quote mark and speaker. */
function bare(line: string): string {
  const words = line.trim().replace(/^(?:[-*>]|\d+\.)\s+/, '');
  return /^(?:entity|ended|value|rule|task|done): /.test(words)
    ? words
    : words.replace(/^[A-Z][\w .'-]{0,40}: (?=.*: )/, '');
}

function readAttributes(text = ''): Record<string, unknown> {
  return Object.fromEntries([...text.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, literal(value)]));
}

function literal(value: string): unknown {
  if (value.startsWith('"')) return value.slice(1, -1);
  if (value === 'true' || value === 'false') return value === 'true';
  return value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}
