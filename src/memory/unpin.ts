import { InvalidInputError } from '../errors.ts';
import { oneLine, truncated } from '../text.ts';
import { ruleHash } from '../unpinned-rules.ts';
import { briefingOf } from './briefing.ts';
import type { UnpinOptions } from './episodes.ts';
import type { Services } from './services.ts';
import { episodeUuid, runTask } from './upkeep.ts';

/** @returns the ended rules @throws InvalidInputError when the episode has no such rule; NoWorkerError */
export async function unpinRules(
  services: Services,
  uuidOrName: string,
  { rule, ...options }: UnpinOptions,
): Promise<string[]> {
  const { group } = options;
  const uuid = await episodeUuid(services, uuidOrName, group === undefined ? {} : { group });
  const { rules } = await briefingOf(services, services.group(group), false);
  const own = rules.filter(({ episode }) => episode === uuid).map(({ text }) => text);
  const ended = rule === undefined ? own : own.filter((text) => ruleHash(text) === ruleHash(rule));
  if (ended.length === 0)
    throw new InvalidInputError(
      rule === undefined || own.length === 0
        ? `The episode ${uuid} has no rule that applies; memory-manager briefing lists the rules.`
        : `The episode ${uuid} has no rule "${truncated(oneLine(rule), 60)}".`,
    );
  // Texts do not pass through the queue.
  await runTask(services, { kind: 'unpin', episode: uuid, rules: ended.map(ruleHash) }, options);
  return ended;
}
