import { InvalidInput } from '../errors.ts';
import type { EntityHistory } from '../search/history.ts';
import { checkText } from '../text.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';

export interface HistoryOptions extends GroupOptions {
  /** False asks the graph also when the answer is cached. */
  readonly cache?: boolean;
}

/** Everything that was ever known of an entity. @throws InvalidInput */
export async function askForHistory(
  services: Services,
  entity: string,
  options: HistoryOptions,
): Promise<EntityHistory> {
  const group = services.group(options.group);
  const name = checkText(entity, 'The entity').trim();
  if (name === '') throw new InvalidInput('The entity is empty; give its name or its uuid.');
  const reader = await services.reader();
  return reader.answer(
    group,
    { ask: 'history', entity: name },
    async () => {
      const { historyOf } = await import('../search/history.ts');
      return historyOf((await services.graphs()).group(group), name);
    },
    { useCache: options.cache, isAnswer: (kept) => Array.isArray((kept as Partial<EntityHistory>).facts) },
  );
}
