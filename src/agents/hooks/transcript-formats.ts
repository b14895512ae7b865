import { parseTranscriptEntry } from '../claude-code/transcript-entry.ts';
import { splitByPrompt, type TurnEntries, turnOf } from '../claude-code/turns.ts';
import { parseCodexRecord } from '../codex/record.ts';
import { type RolloutTurn, readRollout, textsOfRole, turnOfRollout } from '../codex/rollout.ts';
import {
  fileSize,
  readTranscript,
  type TranscriptFormat,
  type TranscriptLine,
  type TranscriptTurn,
} from './transcript.ts';

/** Codex has its own format; other agents with compatible hooks write Claude Code's. */
export const transcriptFormat = (host: string): TranscriptFormat => (host === 'codex' ? CODEX : CLAUDE_CODE);

const CLAUDE_CODE: TranscriptFormat = {
  read(path, from, continued) {
    const { lines, end, unreadable } = readTranscript(path, from);
    const entries = lines.flatMap(({ at, value }) => {
      const entry = parseTranscriptEntry(value);
      return entry ? [{ at, entry }] : [];
    });
    return {
      turns: splitByPrompt(entries, continued).map((part) => ({
        at: part.at,
        message: part.message,
        isNew: part.entries[0]?.kind === 'prompt',
        isBeginning: false,
        end: endOf(part),
        turn: (context) => turnOf(part, context),
      })),
      summaries: entries.flatMap(({ entry }) => (entry.kind === 'summary' ? [entry] : [])),
      prompts: entries.flatMap(({ entry }) => (entry.kind === 'prompt' ? [entry] : [])),
      end,
      unreadable,
    };
  },
  start: fileSize,
};

function endOf({ entries }: TurnEntries): TranscriptTurn['end'] {
  const last = entries.at(-1);
  if (last?.kind === 'interrupted') return 'written';
  if (last?.kind !== 'answer') return 'open';
  if (last.isFinal || last.isError) return 'written';
  return last.calls.length === 0 && last.text !== '' ? 'likely' : 'open';
}

const CODEX: TranscriptFormat = {
  read(path, from, continued) {
    const { lines, end, unreadable } = readTranscript(path, from);
    const { turns, summaries } = readRollout(lines, new Date(), continued);
    const earlier = summaries.length > 0 ? summariesBefore(path, from) : 0;
    return {
      turns: turns.map((turn) => ({
        at: turn.at,
        message: turn.id,
        isNew: turn.isNumbered,
        isBeginning: isBeginning(turn),
        end: turn.end || turn.answer === 'whole' ? 'written' : turn.answer === 'begun' ? 'likely' : 'open',
        turn: ({ session, directory, recalled, isKept, lastWords, isDone }) =>
          turnOfRollout(turn, { session, directory, recalled, isStored: isKept, lastWords, isDone }),
      })),
      summaries: summaries.map((summary, index) => ({ ...summary, message: `compacted-${earlier + index + 1}` })),
      prompts: turns.flatMap((turn) => textsOfRole(turn, 'user').map((text) => ({ text, isCommand: false }))),
      end,
      unreadable,
    };
  },
  // Codex writes the first lines of a turn before it calls the hooks.
  start(path) {
    let [last, count]: [RolloutTurn | undefined, number] = [undefined, 0];
    for (const lines of partsOf(path, fileSize(path))) {
      const { turns } = readRollout(lines, new Date());
      last = turns.at(-1) ?? last;
      count += turns.length;
    }
    if (!last || !isBeginning(last)) return fileSize(path);
    return count === 1 ? 0 : last.at;
  },
};

const isBeginning = ({ isNumbered, end, messages, calls }: RolloutTurn): boolean =>
  isNumbered && !end && messages.length + calls.length === 0;

/** Summaries have no id, so they are numbered. */
function summariesBefore(path: string, position: number): number {
  let count = 0;
  for (const lines of partsOf(path, position)) {
    const records = lines.filter(({ at }) => at < position).map(({ value }) => parseCodexRecord(value));
    count += records.filter((record) => record?.kind === 'compacted' && record.summary !== '').length;
  }
  return count;
}

function* partsOf(path: string, size: number): Generator<readonly TranscriptLine[]> {
  for (let at = 0; at < size; ) {
    const { lines, end } = readTranscript(path, at);
    if (end === at) return;
    yield lines;
    at = end;
  }
}
