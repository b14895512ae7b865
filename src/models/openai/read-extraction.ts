import type { Attribute, AttributeValue, Ontology } from '../../ontology.ts';
import { placeOf } from '../../statements/place.ts';
import type { EndedRelation, ExtractedEntity, ExtractedFact, Extraction, ReadNote } from '../language-model.ts';
import { cleanLine, nameKey } from './clean.ts';
import { looseDate } from './dates.ts';
import { allowedTypes, type ExtractionReply } from './extraction-schema.ts';

/** A longer name is a sentence. */
const LONGEST_NAME = 200;
const LONGEST_FACT = 2000;
const LONGEST_RELATION = 60;
const LONGEST_TYPE = 60;

type Attributes = Record<string, AttributeValue>;

/**
 * What a reply says, as far as it can be kept: listed entities of allowed types, each once, facts and ends between two of them, and
 * notes whose sentence stands in the text.
 */
export function readExtraction(
  reply: ExtractionReply,
  ontology: Ontology,
  referenceTime: Date,
  content: string,
): Extraction {
  const entities = new Map<string, ExtractedEntity>();
  for (const given of reply.entities) {
    const entity = readEntity(given, ontology);
    const known = entity && entities.get(nameKey(entity.name));
    if (entity && (!known || (known.type === 'Entity' && entity.type !== 'Entity')))
      entities.set(nameKey(entity.name), { ...entity, name: known?.name ?? entity.name });
  }
  /** The two entities as they are listed. */
  const ends = (given: { source: string; target: string }) => {
    const source = entities.get(nameKey(cleanLine(given.source, LONGEST_NAME)));
    const target = entities.get(nameKey(cleanLine(given.target, LONGEST_NAME)));
    return source && target && source !== target ? { source, target } : undefined;
  };
  return {
    entities: [...entities.values()],
    facts: reply.facts.flatMap((given): ExtractedFact[] => {
      const between = ends(given);
      const fact = cleanLine(given.fact, LONGEST_FACT);
      if (!between || fact === '') return [];
      const evidence = evidenceIn(content, given.evidence);
      return [{ ...readFact(given, fact, between, ontology), ...(evidence && { evidence }) }];
    }),
    ended: (reply.ended ?? []).flatMap((given): EndedRelation[] => {
      const between = ends(given);
      if (!between) return [];
      return [{ source: between.source.name, target: between.target.name, at: looseDate(given.at) ?? referenceTime }];
    }),
    notes: notesIn(reply, content),
  };
}

/** How many of a reply's notes have been left out, since their sentence does not stand in the text. */
export function notesLeftOut({ values, rules, tasks }: ExtractionReply, { notes = [] }: Extraction): number {
  return (values?.length ?? 0) + (rules?.length ?? 0) + (tasks?.length ?? 0) - notes.length;
}

function notesIn({ values, rules, tasks }: ExtractionReply, content: string): ReadNote[] {
  const placed = (evidence: string, note: (sentence: string) => ReadNote | undefined) => {
    const sentence = evidenceIn(content, evidence);
    return (sentence === undefined ? undefined : note(sentence)) ?? [];
  };
  const line = (text: unknown) => (typeof text === 'string' ? cleanLine(text, LONGEST_NAME) : '');
  return [
    ...(values ?? []).flatMap(({ evidence, ...given }) =>
      placed(evidence, (sentence) => {
        const [subject, property, value, replaces] = [given.subject, given.property, given.value, given.replaces].map(
          line,
        );
        if (!subject || !property || !value) return undefined;
        return { kind: 'value', sentence, subject, property, value, ...(replaces && { replaces }) };
      }),
    ),
    ...(rules ?? []).flatMap(({ evidence }) => placed(evidence, (sentence) => ({ kind: 'rule', sentence }))),
    ...(tasks ?? []).flatMap(({ task, done, evidence }) =>
      placed(evidence, (sentence) =>
        line(task) ? { kind: 'task', sentence, task: line(task), isDone: done } : undefined,
      ),
    ),
  ];
}

/** A sentence as it stands in the text; undefined where it does not. */
function evidenceIn(content: string, given: unknown): string | undefined {
  const place = typeof given === 'string' && given.length <= LONGEST_FACT ? placeOf(given, content) : undefined;
  return place && content.slice(place.start, place.end);
}

function readEntity(given: ExtractionReply['entities'][number], ontology: Ontology): ExtractedEntity | undefined {
  const name = cleanLine(given.name, LONGEST_NAME + 1);
  const type = typeOf(given.type, ontology);
  if (name === '' || name.length > LONGEST_NAME || type === undefined) return undefined;
  const known = ontology.entityTypes.find((other) => other.name === type);
  return { name, type, ...readAttributes(given.attributes, known?.attributes) };
}

/** The type as a label; undefined for those that are left out. */
function typeOf(given: string, ontology: Ontology): string | undefined {
  const label = asLabel(given);
  const allowed = allowedTypes(ontology);
  const known = allowed.find((name) => name.toLowerCase() === label.toLowerCase());
  if (known !== undefined) return known;
  const isExcluded = ontology.excludedTypes.some((name) => name.toLowerCase() === label.toLowerCase());
  const type = allowed.length > 0 || isExcluded ? undefined : label;
  // A type that nobody asked for still is a thing.
  return type ?? (!isExcluded && allowed.includes('Entity') ? 'Entity' : undefined);
}

/** `software library` becomes `SoftwareLibrary`, what has no letters `Entity`. */
function asLabel(type: string): string {
  const words = type.normalize('NFKD').match(/[A-Za-z0-9_]+/g) ?? [];
  const label = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z_]/.test(label) && label.length <= LONGEST_TYPE ? label : 'Entity';
}

function readFact(
  given: ExtractionReply['facts'][number],
  fact: string,
  { source, target }: { source: ExtractedEntity; target: ExtractedEntity },
  ontology: Ontology,
): ExtractedFact {
  const relation = asRelation(given.relation);
  const began = looseDate(given.valid_at);
  const invalidAt = looseDate(given.invalid_at);
  // The end is what a text says ("until 2024"); a beginning after it was guessed.
  const validAt = began && invalidAt && began >= invalidAt ? null : began;
  const type = ontology.factTypes.find(({ name, ends }) => name === relation && mayStand(ends, source, target));
  return {
    source: source.name,
    target: target.name,
    relation,
    fact,
    validAt,
    invalidAt,
    ...readAttributes(given.attributes, type?.attributes),
  };
}

function mayStand(
  ends: readonly (readonly [string, string])[],
  source: ExtractedEntity,
  target: ExtractedEntity,
): boolean {
  const fits = (allowed: string, type: string) => allowed === 'Entity' || allowed === type;
  return ends.length === 0 || ends.some(([from, to]) => fits(from, source.type) && fits(to, target.type));
}

/** `worksAt` and `works at` become `WORKS_AT`, what has no letters Graphiti's own `RELATES_TO`. */
function asRelation(relation: string): string {
  const words = relation
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .match(/[A-Z0-9]+/g);
  const name = (words ?? []).join('_').slice(0, LONGEST_RELATION).replace(/_$/, '');
  return /^[A-Z]/.test(name) ? name : 'RELATES_TO';
}

function readAttributes(given: unknown, declared: readonly Attribute[] | undefined): { attributes?: Attributes } {
  if (!declared || given === null || typeof given !== 'object') return {};
  const entries = declared.flatMap(({ name, read }): [string, AttributeValue][] => {
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : null;
    const kept = value === null ? undefined : read(cleanValue(value));
    return kept === undefined ? [] : [[name, kept]];
  });
  return entries.length > 0 ? { attributes: Object.fromEntries(entries) } : {};
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(value, LONGEST_FACT);
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? cleanLine(item, LONGEST_FACT) : item))
    : value;
}
