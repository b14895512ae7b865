import type { BriefedEpisode } from '../graph/queries/briefing.ts';
import { oneLine, shortened } from '../text.ts';
import { userWords } from './user-words.ts';

/** What an earlier session did, as far as its turns tell. */
export interface Session {
  readonly last: BriefedEpisode;
  readonly turns: number;
  /** What the user wanted first. */
  readonly asked: string;
  /** The agent's last sentences. */
  readonly answered: string;
  readonly files: readonly string[];
}

const [LONGEST_ASKED, LONGEST_ANSWERED, MOST_FILES] = [140, 160, 4];

/** The sessions of some turns, given the latest first; in the same order. */
export function sessionsOf(latestFirst: readonly BriefedEpisode[]): Session[] {
  const bySession = Map.groupBy(latestFirst, ({ metadata }) => metadata && sessionOf(metadata));
  return [...bySession].flatMap(([session, turns]) => {
    const last = turns[0];
    if (!session || !last) return [];
    const words = turns.map(({ content, metadata }) => oneLine(userWords(content, metadata))).filter(Boolean);
    const files = new Set(turns.flatMap(({ metadata }) => filesIn(metadata ?? '')));
    return [
      {
        last,
        turns: turns.length,
        asked: shortened(words.at(-1) ?? '', LONGEST_ASKED),
        answered: lastSentences(last),
        files: [...files].slice(0, MOST_FILES),
      },
    ];
  });
}

const sessionOf = (metadata: string): string | undefined =>
  /^\{"kind":"turn","host":"[^"]*","session":"([^"]+)"/.exec(metadata)?.[1];

/** The metadata may be cut. */
function filesIn(metadata: string): string[] {
  const list = /"files":\[((?:"[^"\\]*",?)*)/.exec(metadata)?.[1] ?? '';
  return [...list.matchAll(/"([^"\\]+)"/g)].map(([, file = '']) => file);
}

function lastSentences({ tail }: BriefedEpisode): string {
  const said = tail.includes('assistant: ') ? tail.slice(tail.lastIndexOf('assistant: ') + 'assistant: '.length) : tail;
  const text = oneLine(said);
  if (text.length <= LONGEST_ANSWERED) return text;
  const end = text.slice(-LONGEST_ANSWERED);
  const cut = /[.!?。！？]\s*(?=\S)/.exec(end.slice(0, -20));
  return cut ? end.slice(cut.index + cut[0].length) : `…${end.slice(end.indexOf(' ') + 1)}`;
}
