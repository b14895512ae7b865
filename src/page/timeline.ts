import { InvalidInputError } from '../errors.ts';
import { oneLine, truncated } from '../text.ts';
import type { PageContext } from './handlers.ts';
import { type Checked, LIMITS } from './schemas.ts';

/** @throws InvalidInputError when there is no entity of that name or uuid */
export async function readTimeline({ memory }: PageContext, { group, entity, from, to, limit }: Checked<'timeline'>) {
  const { entities, facts, count } = await memory.getTimeline({
    ...{ group, limit },
    ...(entity !== undefined && { entity }),
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  });
  const [found = null] = entities;
  if (entity !== undefined && !found)
    throw new InvalidInputError(`There is no entity "${entity.slice(0, 80)}" in this memory.`);
  return {
    entity: found,
    facts: facts.map(({ fact, episodes, relation: _, target: __, targetUuid: ___, ...row }) => ({
      ...row,
      fact: truncated(oneLine(fact.slice(0, 2 * LIMITS.line)), LIMITS.line),
      episode: episodes[0] ?? null,
    })),
    count,
  };
}
