import { createHash } from 'node:crypto';
import type { EpisodeInput } from '../../../src/memory/options.ts';
import { MINUTE } from '../../../src/time.ts';

/** An episode that a test hands in, and what the graph must hold for it. */
export interface StoryEpisode extends EpisodeInput {
  readonly uuid: string;
  readonly group: string;
  readonly referenceTime: Date;
  /** A fact that no other episode states. */
  readonly ownFact: string;
}

/** The fake model's knowledge, which makes facts of a story contradict each other. */
export const KNOWLEDGE = 'exclusive: RUNS_ON';

const SYLLABLES = ['ba', 'ko', 'ti', 'ru', 'me', 'lo', 'sha', 'vi', 'no', 'pe', 'gu', 'zi', 'da', 'fen', 'mar', 'quo'];

/** A name that depends only on the words and differs clearly from other names. */
export function uniqueName(...words: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(words.join('/')).digest();
  const name = Array.from({ length: 5 }, (_, at) => SYLLABLES[(digest[at] ?? 0) % SYLLABLES.length]).join('');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/**
 * Episodes of one group in the language of the fake model (fake-openai/script.ts): each states its own fact; every third
 * states where the project runs, which ends the previous place; every fifth repeats an earlier fact. The contents do
 * not depend on the group, so that groups can be compared.
 */
export function makeStory(group: string, length: number, seed = 'story'): StoryEpisode[] {
  const project = uniqueName(seed, 'project');
  return Array.from({ length }, (_, index) => {
    const issue = uniqueName(seed, 'issue', index);
    const host = uniqueName(seed, 'host', Math.floor(index / 3) % 4);
    const ownFact = `${project} closes ${issue}`;
    const lines = [`${project} [Project] CLOSES ${issue} [Issue]: ${ownFact}`];
    if (index % 3 === 0) lines.push(`${project} [Project] RUNS_ON ${host} [Host]: ${project} runs on ${host}`);
    if (index % 5 === 0)
      lines.push(`${project} [Project] SERVES ${uniqueName(seed, 'team')} [Team]: ${project} serves them`);
    return {
      uuid: seededUuid(group, seed, index),
      group,
      content: lines.join('\n'),
      referenceTime: new Date(Date.UTC(2025, 0, 1) + index * 10 * MINUTE),
      ownFact,
    };
  });
}

/** A uuid in version 4 format that depends only on the words. */
export function seededUuid(...words: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(words.join('/')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What `enqueueEpisode` takes beside the content. */
export function enqueueOptions({ uuid, group, referenceTime }: StoryEpisode) {
  return { uuid, group, referenceTime };
}
