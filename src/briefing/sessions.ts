import type { BriefingEpisode } from '../graph/queries/briefing.ts';
import { oneLine, truncated } from '../text.ts';
import type { SourcedLine } from './line.ts';
import { userText } from './typed-by-user.ts';

/** An earlier session, from its stored turns. */
export interface PastSession {
  readonly last: BriefingEpisode;
  readonly turns: number;
  /** The user's first request. */
  readonly asked: string;
  /** The host's summary when the context was full; empty if there is none. */
  readonly summary: string;
  /** The agent's last sentences. */
  readonly answered: string;
  readonly files: readonly string[];
}

const [LONGEST_ASKED, LONGEST_ANSWERED, LONGEST_SUMMARY, MOST_FILES] = [140, 160, 300, 4];

/** The sessions of some turns, given the latest first; in the same order. */
export function pastSessions(latestFirst: readonly BriefingEpisode[]): PastSession[] {
  const bySession = Map.groupBy(latestFirst, ({ metadata }) => metadata && sessionOf(metadata));
  return [...bySession].flatMap(([session, episodes]) => {
    const last = episodes[0];
    if (!session || !last) return [];
    const turns = episodes.filter((episode) => !isSummary(episode));
    const summary = episodes.find(isSummary);
    const [lastTurn] = turns;
    const words = turns.map(({ content, metadata }) => oneLine(userText(content, metadata))).filter(Boolean);
    const files = new Set(turns.flatMap(({ metadata }) => filesIn(metadata ?? '')));
    return [
      {
        last,
        turns: turns.length,
        asked: truncated(words.at(-1) ?? '', LONGEST_ASKED),
        summary: summary ? shortSummary(summary.content) : '',
        answered: lastTurn ? lastSentences(lastTurn) : '',
        files: [...files].slice(0, MOST_FILES),
      },
    ];
  });
}

/** Imports and tools cannot give such metadata. */
const sessionOf = (metadata: string): string | undefined =>
  /^\{"kind":"(?:turn|summary)","host":"[^"]*","session":"([^"]+)"/.exec(metadata)?.[1];

const isSummary = ({ metadata }: BriefingEpisode): boolean => metadata?.startsWith('{"kind":"summary",') ?? false;

/** `## Goal`, `2. Current Work: …`, `**Next steps:** …`; text after the title belongs to its section. */
const TITLES = [
  /^\s*#{1,6}\s+(.{2,60})$/,
  /^\s*\d{1,2}[.)]\s+\**([^:*]{2,60})\**:\**\s*/,
  /^\s*\*\*([^:*]{2,60}):?\*\*:?\s*/,
];
/** Hosts write long summaries. These are the sections that are useful to a later session, in this order. */
const SUMMARY_SECTIONS = [
  /\b(?:goal|request|intent|objective|task)\b/i,
  /\b(?:accomplished|completed|done|progress|current (?:work|state)|status)\b/i,
  /\b(?:next|pending|remaining|open|to-?do)\b/i,
];

function shortSummary(content: string): string {
  const sections: { title: string; lines: string[] }[] = [{ title: '', lines: [] }];
  for (const line of content.split('\n')) {
    const title = TITLES.map((pattern) => pattern.exec(line)).find((match) => match !== null);
    if (title) sections.push({ title: title[1] ?? '', lines: [line.slice(title[0].length)] });
    else sections.at(-1)?.lines.push(line.replace(/^\s*(?:[-*+•]|\d{1,2}[.)])\s+/, ''));
  }
  const textOf = ({ lines }: { lines: string[] }) => oneLine(lines.join(' '));
  const chosen = SUMMARY_SECTIONS.flatMap(
    (title) => sections.find((section) => title.test(section.title) && textOf(section)) ?? [],
  );
  if (chosen.length === 0) return truncated(oneLine(content), LONGEST_SUMMARY);
  const each = Math.floor(LONGEST_SUMMARY / chosen.length);
  return chosen.map((section) => truncated(textOf(section), each)).join(' / ');
}

/** The metadata may be cut. */
function filesIn(metadata: string): string[] {
  const list = /"files":\[((?:"[^"\\]*",?)*)/.exec(metadata)?.[1] ?? '';
  return [...list.matchAll(/"([^"\\]+)"/g)].map(([, file = '']) => file);
}

/** Empty for a turn of which only the user's words were stored, because the turn was aborted or the agent only repeated recalled text. */
function lastSentences({ content, tail }: BriefingEpisode): string {
  const isWhole = content.endsWith(tail);
  if (isWhole && content.startsWith('user: ') && !content.includes('\nassistant: ')) return '';
  const lastMessage = tail.includes('assistant: ')
    ? tail.slice(tail.lastIndexOf('assistant: ') + 'assistant: '.length)
    : tail;
  const text = oneLine(lastMessage);
  if (text.length <= LONGEST_ANSWERED) return text;
  const end = text.slice(-LONGEST_ANSWERED);
  const cut = /[.!?。！？]\s*(?=\S)/.exec(end.slice(0, -20));
  return cut ? end.slice(cut.index + cut[0].length) : `…${end.slice(end.indexOf(' ') + 1)}`;
}

/** One line about the work of a session. */
export function sessionLine({ last, turns, asked, summary, answered, files }: PastSession): SourcedLine {
  const about = [
    ...(summary === '' ? [] : [`summed up by the agent: “${summary}”`]),
    ...(asked === '' || summary !== '' ? [] : [`asked: “${asked}”`]),
    ...(answered === '' ? [] : [`ended with: “${answered}”`]),
    ...(files.length === 0 ? [] : [`changed ${files.join(', ')}`]),
  ].join('; ');
  return {
    text: [...(turns === 0 ? [] : [turns === 1 ? 'one turn' : `${turns} turns`]), about].join(', '),
    episode: last.uuid,
    time: last.referenceTime,
    source: last.sourceDescription,
  };
}
