import { factsAbout, findEntitiesByName, findEntitiesByNamePart } from '../../../graph/queries/entities.ts';
import { factConditions, passesFactFilter } from '../../../graph/queries/filter-conditions.ts';
import type { FactRow } from '../../../graph/queries/search-facts.ts';
import { normalizedTime } from '../../../graph/queries/time-conditions.ts';
import { type SearchContext, withMetadata } from '../../search-context.ts';
import type { QuestionSubject } from '../question/question-subject.ts';
import type { ScoreParts } from '../ranking/rank.ts';

/** A fact about the thing that a question names, with what makes it important. */
export interface SubjectFact {
  readonly fact: FactRow;
  readonly importance: ScoreParts;
}

/** Most facts of an entity that are compared. */
const MOST = 200;

/** The current facts about the one thing that a question names, the most important first; none for another question. */
export async function factsAboutSubject(context: SearchContext, subject: QuestionSubject): Promise<SubjectFact[]> {
  const { graph, moment, filter } = context;
  const entities = await entitiesCalled(context, subject);
  if (entities.length === 0) return [];
  const rows = await factsAbout(graph, entities, factConditions(moment, filter.fact), MOST);
  const passing = rows.filter((row) => passesFactFilter(row, moment, filter.fact));
  return byImportance(await withMetadata(context, passing, ({ episodes }) => episodes), new Set(entities));
}

/** A part of a name, such as a first name, counts if only one entity has it. */
async function entitiesCalled({ graph }: SearchContext, { names, isAsked }: QuestionSubject): Promise<string[]> {
  if (names.length === 0) return [];
  const found = await findEntitiesByName(graph, names);
  for (const name of names) {
    const called = found.filter(({ asked }) => asked === name).map(({ uuid }) => uuid);
    if (called.length > 0) return called;
  }
  const [part = ''] = names.slice(-1);
  const similar = isAsked ? await findEntitiesByNamePart(graph, part, 2) : [];
  return similar.length === 1 ? similar : [];
}

/** What each property adds, at most. A definition comes first; otherwise several properties together decide. */
const WEIGHTS = { definition: 0.4, subject: 0.15, stated: 0.2, recent: 0.2 } as const;
/** A fact that this many episodes state is as well supported as one that more do. */
const MANY = 8;

/** Facts in order: what the entity is, what it does itself, what many episodes state, and what is recent. */
export function byImportance(facts: readonly FactRow[], entities: ReadonlySet<string>): SubjectFact[] {
  const timeOf = ({ validAt, createdAt }: FactRow) => normalizedTime(validAt) ?? normalizedTime(createdAt) ?? '';
  const times = [...new Set(facts.map(timeOf))].sort();
  return facts
    .map((fact) => {
      const isSubject = entities.has(fact.sourceUuid);
      const signals = {
        definition: isSubject && isDefinition(fact) ? 1 : 0,
        subject: isSubject ? 1 : 0,
        stated: Math.log2(Math.min(MANY, Math.max(1, fact.episodes.length))) / Math.log2(MANY),
        recent: (times.indexOf(timeOf(fact)) + 1) / times.length,
      };
      const importance = Object.fromEntries(
        Object.entries(signals).map(([name, signal]) => [name, WEIGHTS[name as keyof typeof WEIGHTS] * signal]),
      );
      return { fact, importance };
    })
    .sort((a, b) => sumOf(b.importance) - sumOf(a.importance) || (a.fact.fact < b.fact.fact ? -1 : 1));
}

export const sumOf = (parts: ScoreParts): number => Object.values(parts).reduce((sum, part) => sum + part, 0);

/** "Harbor is a sync service", and a person's role: "Mira is the owner of Harbor". */
function isDefinition({ fact, source }: FactRow): boolean {
  const rest = fact.toLowerCase().startsWith(source.toLowerCase()) ? fact.slice(source.length) : '';
  return /^ (?:is|are|was|were|ist|sind) (?:an?|the|our|my|their|its|one of|ein(?:e[nrs]?)?|der|die|das|unser(?:e)?)\s/iu.test(
    rest,
  );
}
