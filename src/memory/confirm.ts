import { InvalidInput } from '../errors.ts';
import { askForEpisode } from './ask-episode.ts';
import type { Services } from './services.ts';
import { runTask, type TaskOptions } from './upkeep.ts';

/** Gives the rule's text. @throws InvalidInput when there is no such rule; NoWorker */
export async function confirmRule(services: Services, uuidOrName: string, options: TaskOptions): Promise<string> {
  const { group } = options;
  const { uuid, content, metadata } = await askForEpisode(services, uuidOrName, group === undefined ? {} : { group });
  if (metadata?.kind !== 'rule')
    throw new InvalidInput(`The episode ${uuid} is no rule; only what was stored with --kind rule is confirmed.`);
  await runTask(services, { kind: 'confirm', episode: uuid }, options);
  return content;
}
