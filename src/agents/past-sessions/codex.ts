import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { recalledSentences, withoutRecalledSentences } from '../../redaction/recall-marks.ts';
import {
  type Rollout,
  type RolloutLine,
  type RolloutTurn,
  readRollout,
  textsOfRole,
  turnOfRollout,
} from '../codex/rollout.ts';
import { isAgentWorking } from '../hooks/unfinished-work.ts';
import { isIdle, sessionEndTime } from './ended.ts';
import type { PastItem, SessionContent, SessionHistory, SessionHistoryOptions } from './history.ts';
import { jsonLinesOfFile } from './json-lines-file.ts';
import { mayContainRecalledText, recalledSentencesIn } from './recalled-text.ts';

const HOST = 'codex';
const ROLLOUT = /^rollout-.*\.jsonl(?:\.zst)?$/;
/** The user's texts before a summary, whose secrets the summary may repeat. */
const MOST_USER_TEXTS = 200;

/**
 * The sessions of Codex: `sessions/<year>/<month>/<day>/rollout-….jsonl` and `archived_sessions/` below its home folder. They are read by the
 * rules of the hooks, so that a turn that a hook has stored gets the same key.
 */
export function codexHistory({ environment, now, home }: SessionHistoryOptions): SessionHistory {
  const codexHome = environment.CODEX_HOME || join(environment.HOME || homedir(), '.codex');
  const folders = ['sessions', 'archived_sessions'].map((name) => join(codexHome, name));
  const sessions = folders.flatMap(rolloutsBelow).map((place) => {
    return { place, endedAt: sessionEndTime(place), read: () => readSession(place, now, home) };
  });
  sessions.sort((a, b) => a.endedAt - b.endedAt || (a.place < b.place ? -1 : 1));
  return { places: folders.slice(0, 1), sessions, notices: [], close: () => {} };
}

function rolloutsBelow(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => ROLLOUT.test(basename(name))).map((name) => join(folder, name));
  } catch {
    // Not there, or not for this user.
    return [];
  }
}

interface PastSession {
  readonly id: string;
  readonly rollout: Rollout;
  readonly recalled: Set<string>;
}

function readSession(path: string, now: number, home: string): SessionContent {
  const recalled = new Set<string>();
  const damaged: string[] = [];
  const rollout = readRollout(linesOf(path, recalled, damaged), new Date(sessionEndTime(path)));
  const { turns, session } = rollout;
  if (session.isSubAgent) return { isSubAgent: true, items: [], damaged, running: 0 };
  const named = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl/.exec(path)?.[1] ?? basename(path);
  const past: PastSession = { id: session.id || named, rollout, recalled };
  const last = turns.at(-1);
  const isEnded = () => isIdle(sessionEndTime(path), now) && !isAgentWorking(home, HOST, past.id);
  const open = last && !last.end && !isEnded() ? last : undefined;
  const items = [
    ...turns.filter((turn) => turn !== open).flatMap((turn) => pastTurn(turn, past)),
    ...pastSummaries(past),
  ];
  return { isSubAgent: false, items, damaged, running: open && pastTurn(open, past).length > 0 ? 1 : 0 };
}

function* linesOf(path: string, recalled: Set<string>, damaged: string[]): Generator<RolloutLine> {
  for (const { number, text, value } of jsonLinesOfFile(path)) {
    if (value === undefined) damaged.push(`${path}:${number}`);
    if (mayContainRecalledText(text)) for (const sentence of recalledSentencesIn(value)) recalled.add(sentence);
    yield { at: number, value };
  }
}

function pastTurn(turn: RolloutTurn, { id, rollout, recalled }: PastSession): PastItem[] {
  const directory = turn.directory ?? rollout.session.directory ?? '';
  const whole = turnOfRollout(turn, { session: id, directory, recalled: recalled.size > 0 });
  if (!whole) return [];
  for (const sentence of recalledSentences((whole.memoryAnswers ?? []).join('\n'))) recalled.add(sentence);
  const copyKey = turn.isNumbered ? turn.id : copyKeyOf(whole.user, whole.assistant, id);
  const past = { ...whole, assistant: withoutRecalledSentences(whole.assistant, recalled) };
  return [{ kind: 'turn', turn: past, directory, origin: rollout.session.origin, copyKey }];
}

/** Shorter turns may be the same by chance. */
const LEAST_COPIED = 200;

/** A fork copies turns without numbers under another session's name, so copies are recognized by their text only. */
const copyKeyOf = (user: string, answer: string, session: string): string =>
  hashOf(user.length + answer.length < LEAST_COPIED ? session : '', user, answer);

function pastSummaries({ id, rollout, recalled }: PastSession): PastItem[] {
  const { session, turns, summaries, directory } = rollout;
  const userTexts = turns
    .map((turn) => textsOfRole(turn, 'user').join('\n\n'))
    .filter(Boolean)
    .slice(-MOST_USER_TEXTS);
  return summaries.map(({ text, time }, index) => {
    const summary = {
      ...{ host: HOST, session: id, message: `compacted-${index + 1}`, referenceTime: time, userTexts },
      text: withoutRecalledSentences(text, recalled),
    };
    return {
      kind: 'summary',
      summary,
      directory: directory ?? session.directory ?? '',
      origin: session.origin,
      copyKey: hashOf(text),
    };
  });
}

const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
