import { InvalidInputError } from '../../errors.ts';
import type { GroupGraph } from '../../graph/group-graph.ts';
import type { Question } from '../../reader/reader.ts';
import { checkText } from '../../text.ts';
import type { GroupOptions } from '../options.ts';
import { nextChange, type Services } from '../services.ts';

/** One cached read: what its answer depends on, and how the graph answers. */
export interface CachedRead<Answer extends object> {
  /** The cache key: everything that the answer depends on, as plain data. `ask` names the kind of read, also in metrics. */
  readonly question: Question;
  /** True if the answer changes as time passes, since facts begin and end. */
  readonly changesWithTime: boolean;
  /** Whether a cached value has the shape of an answer. */
  readonly isAnswer: (value: object) => boolean;
  /** Finds the answer. Modules that only this needs are imported here: a cached answer is found without loading them. */
  readonly compute: (graph: GroupGraph) => Promise<Answer>;
}

/** The cached answer, or the computed one, which is cached until the group changes. @throws InvalidInputError for an invalid group */
export async function cachedRead<Answer extends object>(
  services: Services,
  options: GroupOptions & { readonly cache?: boolean },
  { question, changesWithTime, isAnswer, compute }: CachedRead<Answer>,
): Promise<Answer> {
  const group = services.group(options.group);
  const reader = await services.reader();
  return reader.read(group, question, async () => compute((await services.graphs()).group(group)), {
    useCache: options.cache,
    isUsable: isAnswer,
    ...(changesWithTime && { changesAt: nextChange(services, group) }),
  });
}

/** The name, alias or uuid of an entity. @param or what else the caller may do */
export function checkEntityName(entity: string, or = ''): string {
  const name = checkText(entity, 'The entity').trim();
  if (name === '') throw new InvalidInputError(`The entity is empty; give its name or its uuid${or}.`);
  return name;
}

export function checkLimit(limit: number, most: number, what: string): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return;
  throw new InvalidInputError(`The limit of ${what} must be 1 to ${most}.`);
}
