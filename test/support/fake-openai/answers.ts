import type { Knowledge, ShownFact } from './knowledge.ts';
import type { JsonSchema } from './protocol.ts';
import { readScript } from './script.ts';

/** The answer of a model with this knowledge to the product's real prompt. */
export function answer(name: string, prompt: string, schema: JsonSchema, knowledge: Knowledge): unknown {
  if (name === 'extraction') return extraction(prompt, schema);
  if (name === 'verdict') return verdict(prompt, knowledge);
  if (name === 'summaries') return summaries(prompt);
  return scores(prompt);
}

/** The episode's text in a prompt. */
export function episodeIn(prompt: string): string {
  return /<episode>\n([\s\S]*)\n<\/episode>/.exec(prompt)?.[1] ?? '';
}

function extraction(prompt: string, schema: JsonSchema): unknown {
  const { entities, facts, ended, values, rules, tasks } = readScript(episodeIn(prompt));
  const shape = schema.properties;
  const types = shape?.entities?.items?.properties?.type?.enum;
  const typed = entities.flatMap((entity) => {
    // Like a real model if the schema does not allow the type: the general type, or no entity.
    const type = !types || types.includes(entity.type) ? entity.type : types.includes('Entity') ? 'Entity' : undefined;
    return type === undefined ? [] : [{ ...entity, type }];
  });
  const listed = new Set(typed.map((entity) => entity.name));
  const joins = ({ source, target }: { source: string; target: string }) => listed.has(source) && listed.has(target);
  return {
    entities: typed.map(({ attributes, ...entity }) => ({
      ...entity,
      ...attributesFor(shape?.entities?.items, entity.type, attributes),
    })),
    facts: facts.filter(joins).map(({ attributes: { evidence = null, ...attributes }, ...fact }) => ({
      ...fact,
      evidence,
      ...attributesFor(shape?.facts?.items, fact.relation, attributes),
    })),
    ended: ended.filter(joins),
    ...{ values, rules, tasks },
  };
}

/** The member `attributes` as the schema has it: null, or every property of the type's alternative. */
function attributesFor(
  items: JsonSchema | undefined,
  type: string,
  given: Readonly<Record<string, unknown>>,
): { attributes?: unknown } {
  const attributes = items?.properties?.attributes;
  if (!attributes) return {};
  const alternative = attributes.anyOf?.find((one) => one.properties?._type?.const === type);
  if (!alternative || Object.keys(given).length === 0) return { attributes: null };
  const names = Object.keys(alternative.properties ?? {});
  return {
    attributes: Object.fromEntries(names.map((name) => [name, name === '_type' ? type : (given[name] ?? null)])),
  };
}

interface AskedEntity {
  readonly question: number;
  readonly name: string;
  readonly compare_with: readonly number[];
}
interface AskedFact extends ShownFact {
  readonly question: number;
  readonly compare_with: readonly number[];
}

function verdict(prompt: string, knowledge: Knowledge): unknown {
  const knownEntities = rows<{ number: number; name: string }>(prompt, 'known_entities');
  const knownFacts = rows<ShownFact & { number: number }>(prompt, 'known_facts');
  return {
    entities: rows<AskedEntity>(prompt, 'new_entities').map(({ question, name, compare_with }) => {
      const same = knownEntities.find(
        (known) => compare_with.includes(known.number) && knowledge.isSame(name, known.name),
      );
      return { question, same_as: same?.number ?? null };
    }),
    facts: rows<AskedFact>(prompt, 'new_facts').map(({ question, compare_with, ...fact }) => {
      const candidates = knownFacts.filter(({ number }) => compare_with.includes(number));
      return {
        question,
        repeats: candidates.find((known) => knowledge.isRepeat(fact, known))?.number ?? null,
        contradicts: candidates.filter((known) => knowledge.isContradiction(fact, known)).map(({ number }) => number),
      };
    }),
  };
}

function rows<T>(prompt: string, tag: string): T[] {
  const text = new RegExp(`<${tag}>\\n([\\s\\S]*?)\\n</${tag}>`).exec(prompt)?.[1] ?? '';
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]));
}

function summaries(prompt: string): unknown {
  const subjects = [...prompt.matchAll(/^<subject number="(\d+)">(.*)<\/subject>$/gm)];
  return {
    summaries: subjects.map(([, number, row = '{}']) => {
      const { name = '', texts } = JSON.parse(row) as { name?: string; texts: string[] };
      const title = name || (texts[0] ?? '').split(/\s+/).slice(0, 4).join(' ') || 'Nothing';
      return { subject: Number(number), title, text: `Summary of ${title}: ${texts.join(' ')}`.slice(0, 900) };
    }),
  };
}

/** The share of the query's words that each passage contains. */
function scores(prompt: string): unknown {
  const query = wordsOf(JSON.parse(/^<query>(.*)<\/query>$/m.exec(prompt)?.[1] ?? '""'));
  const passages = [...prompt.matchAll(/^<passage number="(\d+)">(.*)<\/passage>$/gm)];
  return {
    scores: passages.map(([, number, passage = '""']) => {
      const held = new Set(wordsOf(JSON.parse(passage)));
      const share = query.filter((word) => held.has(word)).length / Math.max(query.length, 1);
      return { passage: Number(number), score: Math.round(share * 100) / 100 };
    }),
  };
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
