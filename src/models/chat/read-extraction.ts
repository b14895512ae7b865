import type { Attribute, AttributeValue, Ontology } from '../../ontology.ts';
import { locateSentence } from '../../statements/locate-sentence.ts';
import { canonicalKey } from '../../text.ts';
import type { EndedRelation, ExtractedEntity, ExtractedFact, ExtractedNote, Extraction } from '../language-model.ts';
import { parseLooseDate } from './dates.ts';
import { allowedTypes, type ExtractionReply } from './extraction-schema.ts';
import { cleanLine } from './reply.ts';

/** A longer name is a sentence. */
const LONGEST_NAME = 200;
const LONGEST_FACT = 2000;
const LONGEST_RELATION = 60;
const LONGEST_TYPE = 60;

type Attributes = Record<string, AttributeValue>;

/**
 * The usable part of a reply: listed entities of allowed types, each once; facts and endings between two of them; notes whose
 * sentence occurs in the text.
 */
export function readExtraction(
  reply: ExtractionReply,
  ontology: Ontology,
  referenceTime: Date,
  content: string,
): Extraction {
  const entities = new Map<string, ExtractedEntity>();
  for (const row of reply.entities) {
    const entity = readEntity(row, ontology);
    const earlier = entity && entities.get(canonicalKey(entity.name));
    if (entity && (!earlier || (earlier.type === 'Entity' && entity.type !== 'Entity')))
      entities.set(canonicalKey(entity.name), { ...entity, name: earlier?.name ?? entity.name });
  }
  /** The two listed entities that a row names. */
  const endsOf = (row: { source: string; target: string }) => {
    const source = entities.get(canonicalKey(cleanLine(row.source, LONGEST_NAME)));
    const target = entities.get(canonicalKey(cleanLine(row.target, LONGEST_NAME)));
    return source && target && source !== target ? { source, target } : undefined;
  };
  return {
    entities: [...entities.values()],
    facts: reply.facts.flatMap((row): ExtractedFact[] => {
      const ends = endsOf(row);
      const fact = cleanLine(row.fact, LONGEST_FACT);
      if (!ends || fact === '') return [];
      const evidence = evidenceIn(content, row.evidence);
      return [{ ...readFact(row, fact, ends, ontology), ...(evidence && { evidence }) }];
    }),
    ended: (reply.ended ?? []).flatMap((row): EndedRelation[] => {
      const ends = endsOf(row);
      if (!ends) return [];
      return [{ source: ends.source.name, target: ends.target.name, at: parseLooseDate(row.at) ?? referenceTime }];
    }),
    notes: notesIn(reply, content),
  };
}

/** The number of a reply's notes that were dropped because their sentence does not occur in the text. */
export function countDroppedNotes({ values, rules, tasks }: ExtractionReply, { notes = [] }: Extraction): number {
  return (values?.length ?? 0) + (rules?.length ?? 0) + (tasks?.length ?? 0) - notes.length;
}

function notesIn({ values, rules, tasks }: ExtractionReply, content: string): ExtractedNote[] {
  const placed = (evidence: string, note: (sentence: string) => ExtractedNote | undefined) => {
    const sentence = evidenceIn(content, evidence);
    return (sentence === undefined ? undefined : note(sentence)) ?? [];
  };
  const line = (text: unknown) => (typeof text === 'string' ? cleanLine(text, LONGEST_NAME) : '');
  return [
    ...(values ?? []).flatMap(({ evidence, ...row }) =>
      placed(evidence, (sentence) => {
        const [subject, property, value, replaces] = [row.subject, row.property, row.value, row.replaces].map(line);
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

/** A sentence with the text's own spelling; undefined if it does not occur there. */
function evidenceIn(content: string, sentence: unknown): string | undefined {
  const place =
    typeof sentence === 'string' && sentence.length <= LONGEST_FACT ? locateSentence(sentence, content) : undefined;
  return place && content.slice(place.start, place.end);
}

function readEntity(row: ExtractionReply['entities'][number], ontology: Ontology): ExtractedEntity | undefined {
  const name = cleanLine(row.name, LONGEST_NAME + 1);
  const type = typeOf(row.type, ontology);
  if (name === '' || name.length > LONGEST_NAME || type === undefined) return undefined;
  const definition = ontology.entityTypes.find((other) => other.name === type);
  return { name, type, ...readAttributes(row.attributes, definition?.attributes) };
}

/** The type as a label; undefined for types that are left out. */
function typeOf(text: string, ontology: Ontology): string | undefined {
  const label = asLabel(text);
  const allowed = allowedTypes(ontology);
  const match = allowed.find((name) => name.toLowerCase() === label.toLowerCase());
  if (match !== undefined) return match;
  const isExcluded = ontology.excludedTypes.some((name) => name.toLowerCase() === label.toLowerCase());
  const type = allowed.length > 0 || isExcluded ? undefined : label;
  // An entity of an unknown type is kept as `Entity`.
  return type ?? (!isExcluded && allowed.includes('Entity') ? 'Entity' : undefined);
}

/** `software library` becomes `SoftwareLibrary`; text without letters becomes `Entity`. */
function asLabel(type: string): string {
  const words = type.normalize('NFKD').match(/[A-Za-z0-9_]+/g) ?? [];
  const label = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z_]/.test(label) && label.length <= LONGEST_TYPE ? label : 'Entity';
}

function readFact(
  row: ExtractionReply['facts'][number],
  fact: string,
  { source, target }: { source: ExtractedEntity; target: ExtractedEntity },
  ontology: Ontology,
): ExtractedFact {
  const relation = asRelation(row.relation);
  const began = parseLooseDate(row.valid_at);
  const invalidAt = parseLooseDate(row.invalid_at);
  // Texts state the end ("until 2024"); a beginning after it is a guess of the model.
  const validAt = began && invalidAt && began >= invalidAt ? null : began;
  const type = ontology.factTypes.find(({ name, ends }) => name === relation && allowsEnds(ends, source, target));
  return {
    source: source.name,
    target: target.name,
    relation,
    fact,
    validAt,
    invalidAt,
    ...readAttributes(row.attributes, type?.attributes),
  };
}

function allowsEnds(
  ends: readonly (readonly [string, string])[],
  source: ExtractedEntity,
  target: ExtractedEntity,
): boolean {
  const fits = (allowed: string, type: string) => allowed === 'Entity' || allowed === type;
  return ends.length === 0 || ends.some(([from, to]) => fits(from, source.type) && fits(to, target.type));
}

/** `worksAt` and `works at` become `WORKS_AT`; text without letters becomes Graphiti's `RELATES_TO`. */
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

function readAttributes(attributes: unknown, declared: readonly Attribute[] | undefined): { attributes?: Attributes } {
  if (!declared || attributes === null || typeof attributes !== 'object') return {};
  const entries = declared.flatMap(({ name, read }): [string, AttributeValue][] => {
    const value = Object.hasOwn(attributes, name) ? (attributes as Record<string, unknown>)[name] : null;
    const valid = value === null ? undefined : read(cleanValue(value));
    return valid === undefined ? [] : [[name, valid]];
  });
  return entries.length > 0 ? { attributes: Object.fromEntries(entries) } : {};
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(value, LONGEST_FACT);
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? cleanLine(item, LONGEST_FACT) : item))
    : value;
}
