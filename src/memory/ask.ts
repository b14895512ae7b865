import { InvalidInput } from '../errors.ts';
import type { Found } from '../search/merge.ts';
import { checkText } from '../text.ts';
import { checkTime, toGraphTime } from '../time.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';

export interface QueryOptions extends GroupOptions {
  /** What held at this time instead of now. */
  readonly asOf?: Date;
  /** False asks the graph also when the answer is cached. */
  readonly cache?: boolean;
}

export interface Entity {
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
  readonly type: string;
  readonly uuid: string;
  readonly summary: string;
}

const MOST = 100;

/** Facts and episodes that answer best. @throws InvalidInput */
export async function askFor(
  services: Services,
  searchQuery: string,
  limit: number,
  options: QueryOptions,
): Promise<Found> {
  const group = services.group(options.group);
  const query = checkText(searchQuery, 'The query').trim();
  if (query === '') throw new InvalidInput('The query is empty; give the words to look for.');
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidInput(`The limit must be a whole number from 1 to ${MOST}.`);
  const asOf = options.asOf && toGraphTime(checkTime(options.asOf, 'The time asOf'));
  const reader = await services.reader();
  return reader.answer(
    group,
    { ask: 'search', query, limit, asOf },
    async () => {
      const [graphs, embedder, { search }] = await Promise.all([
        services.graphs(),
        services.embedder(),
        import('../search/search.ts'),
      ]);
      return search(graphs.group(group), embedder, query, { limit, asOf: options.asOf ?? new Date() });
    },
    options.cache,
  );
}

/** Entities in the order of their names. @throws InvalidInput */
export async function askForEntities(
  services: Services,
  entityType: string | undefined,
  options: Omit<QueryOptions, 'asOf'>,
): Promise<Entity[]> {
  const group = services.group(options.group);
  const type = entityType === undefined ? undefined : checkText(entityType, 'The type').trim().toLowerCase();
  if (type === '') throw new InvalidInput('The type is empty; name one, such as Person, or leave it out.');
  const reader = await services.reader();
  return reader.answer(
    group,
    { ask: 'entities', type },
    async () => {
      const { listEntities } = await import('../graph/queries/list-entities.ts');
      const rows = await listEntities((await services.graphs()).group(group), type);
      return rows.map(({ labels, ...row }) => ({
        ...row,
        type: labels.find((label) => label !== 'Entity') ?? 'Entity',
      }));
    },
    options.cache,
  );
}
