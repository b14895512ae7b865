import { InvalidInputError } from '../errors.ts';
import { oneLine, truncated } from '../text.ts';
import { factOf } from './fact.ts';
import type { PageContext } from './handlers.ts';
import { readRules } from './rules.ts';
import { type CallInput, LIMITS } from './schemas.ts';

/** @throws InvalidInputError when there is no entity of that name or uuid */
export async function readTimeline({ memory }: PageContext, { group, entity, from, to, limit }: CallInput<'timeline'>) {
  const [{ entities, facts, count }, rules] = await Promise.all([
    memory.getTimeline({
      ...{ group, limit },
      ...(entity !== undefined && { entity }),
      ...(from !== undefined && { from: new Date(from) }),
      ...(to !== undefined && { to: new Date(to) }),
    }),
    readRules(memory, group),
  ]);
  const [found = null] = entities;
  if (entity !== undefined && !found)
    throw new InvalidInputError(`There is no entity "${entity.slice(0, 80)}" in this memory.`);
  return {
    entity: found,
    facts: facts.map((fact) => {
      const { relation: _, target: __, targetUuid: ___, replacement, ...row } = factOf(fact, rules);
      return {
        ...row,
        fact: line(fact.fact),
        replacedBy: fact.replacedBy,
        replacement: replacement && line(replacement),
      };
    }),
    count,
  };
}

const line = (sentence: string): string => truncated(oneLine(sentence.slice(0, 2 * LIMITS.line)), LIMITS.line);
