import type { EpisodeText, Extraction } from '../../../../src/models/language-model.ts';
import { extractByRules } from '../../../../src/models/local/extract.ts';

export const OCTOBER = new Date('2025-10-21T15:00:00Z');

export function reading(content: string, source: EpisodeText['source'] = 'text', referenceTime = OCTOBER): Extraction {
  return extractByRules({ content, source, referenceTime });
}

/** "Alice LIKES green tea" */
export function stated({ facts }: Extraction): string[] {
  return facts.map(({ source, relation, target }) => `${source} ${relation} ${target}`);
}

/** "Alice: Person" */
export function named({ entities }: Extraction): string[] {
  return entities.map(({ name, type }) => `${name}: ${type}`);
}

/** "Harbor / Redis 2025-01-20" */
export function endings({ ended }: Extraction): string[] {
  return ended.map(({ source, target, at }) => `${source} / ${target} ${at.toISOString().slice(0, 10)}`);
}

/** "2025-03-01 to open" */
export function times({ facts }: Extraction): string[] {
  const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? 'open';
  return facts.map(({ validAt, invalidAt }) => `${day(validAt)} to ${day(invalidAt)}`);
}
