import { parseTranscriptEntry } from '../claude-code/transcript-entry.ts';
import { splitByPrompt, turnOf } from '../claude-code/turns.ts';
import { parseCodexRecord } from '../codex/record.ts';
import { type RolloutTurn, readRollout, textsBy, turnOfRollout } from '../codex/rollout.ts';
import { fileSize, readTranscript, type TranscriptFormat, type TranscriptLine } from './transcript.ts';

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
        turn: ({ session, directory, recalled, isKept, lastWords, isDone }) =>
          turnOfRollout(turn, { session, directory, recalled, isStored: isKept, lastWords, isDone }),
      })),
      summaries: summaries.map((summary, index) => ({ ...summary, message: `compacted-${earlier + index + 1}` })),
      prompts: turns.flatMap((turn) => textsBy(turn, 'user').map((text) => ({ text, isCommand: false }))),
      end,
      unreadable,
    };
  },
  // Codex writes the first lines of a turn before it calls the hooks.
  start(path) {
    let last: RolloutTurn | undefined;
    for (const lines of partsOf(path, fileSize(path))) last = readRollout(lines, new Date()).turns.at(-1) ?? last;
    return last && isBeginning(last) ? last.at : fileSize(path);
  },
};

const isBeginning = ({ isNumbered, end, said, calls }: RolloutTurn): boolean =>
  isNumbered && !end && said.length + calls.length === 0;

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
