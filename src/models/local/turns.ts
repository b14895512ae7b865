import type { EpisodeText } from '../language-model.ts';
import type { NamedThing } from './named-thing.ts';

/** Part of an episode by one speaker; null where nobody is named. */
export interface Turn {
  readonly speaker: NamedThing | null;
  readonly text: string;
}

const ROLES = new Set(['user', 'assistant', 'system', 'human', 'ai', 'tool', 'agent', 'developer']);
/** A role tells who speaks in a dialogue and is no thing that anything could be known of. */
export const isRole = (name: string): boolean => ROLES.has(name.toLowerCase());
/** `Mira: words`, also Graphiti's `Mira(user): words`. */
const SPOKEN =
  /^\s{0,9}([\p{L}_][\p{L}\p{N}_.'’-]{0,40}(?: [\p{L}\p{N}_.'’-]{1,40}){0,3}) {0,2}(?:\([\w ]{1,30}\))?: {1,9}(?=\S)/u;

/** A dialogue line by line; a text whole, unless it opens with the line of a role. */
export function turns(episode: EpisodeText): Turn[] {
  if (episode.source === 'message') return spokenTurns(episode.content, () => true);
  return spokenTurns(episode.content, isRole);
}

function spokenTurns(content: string, isSpeaker: (name: string) => boolean): Turn[] {
  const found: { speaker: NamedThing | null; lines: string[] }[] = [{ speaker: null, lines: [] }];
  for (const line of content.split('\n')) {
    const spoken = SPOKEN.exec(line.slice(0, 250));
    if (spoken?.[1] && isSpeaker(spoken[1])) {
      found.push({ speaker: speakerCalled(spoken[1]), lines: [line.slice(spoken[0].length)] });
    } else {
      found.at(-1)?.lines.push(line);
    }
  }
  return found.map(({ speaker, lines }) => ({ speaker, text: lines.join('\n') }));
}

function speakerCalled(name: string): NamedThing {
  if (isRole(name)) return { name: name.toLowerCase(), type: 'Entity' };
  const isSmall = /^\p{Ll}+$/u.test(name);
  return { name: isSmall ? name.replace(/^./u, (first) => first.toUpperCase()) : name, type: 'Person' };
}
