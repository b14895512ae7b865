import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../src/config.ts';
import type { EpisodeInput } from '../src/index.ts';
import { MemoryManager } from '../src/index.ts';
import { bulletList } from '../src/reader/format.ts';
import type { FoundItems } from '../src/search/results.ts';
import { MINUTE, SECOND } from '../src/time.ts';
import { startWorkers } from '../workers/main.ts';

interface Turn {
  readonly speaker: string;
  readonly dia_id: string;
  readonly text: string;
  readonly blip_caption?: string;
}

interface Question {
  readonly question: string;
  /** Ids of the turns that hold the answer; some texts name several. */
  readonly evidence?: readonly string[];
  readonly category: number;
}

export interface Conversation {
  readonly episodes: readonly EpisodeInput[];
  readonly questions: readonly { readonly question: string; readonly evidence: readonly string[] }[];
}

/** Questions to which the conversation has no answer. */
const ADVERSARIAL = 5;
const [ITEMS, CHARACTERS] = [10, 2_000];

/**
 * Stores each conversation turn by turn and asks its questions. Measures the share of the answering turns among the
 * first items, within the printed number of characters.
 * @param source  `text` gives turns without a session, `message` with the conversation's sessions
 */
export async function recallOfLocomo(
  base: Config,
  folder: string,
  source: 'text' | 'message',
): Promise<{ readonly recall: number; readonly questions: number }> {
  const home = mkdtempSync(join(tmpdir(), 'memory-locomo-'));
  const config: Config = {
    ...{ ...base, home, nightly: undefined, exportDir: join(home, 'exports'), logLevel: 'silent' },
    health: { host: '127.0.0.1', port: 0 },
  };
  const worker = await startWorkers(config, ['store']);
  const memory = new MemoryManager(config);
  const shares: number[] = [];
  try {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json')))
      shares.push(
        ...(await sharesOf(
          memory,
          `locomo-${source}-${file.replace('.json', '')}`,
          readConversation(join(folder, file), source),
        )),
      );
  } finally {
    await memory.close();
    await worker.close();
    rmSync(home, { recursive: true, force: true });
  }
  return { recall: shares.reduce((sum, share) => sum + share, 0) / shares.length, questions: shares.length };
}

async function sharesOf(
  memory: MemoryManager,
  group: string,
  { episodes, questions }: Conversation,
): Promise<number[]> {
  const receipts = await memory.enqueueEpisodes(episodes.map((episode) => ({ ...episode, group })));
  for (const receipt of receipts) await memory.waitFor(receipt, { timeoutMs: 30 * MINUTE });
  const turns = new Map(receipts.map(({ uuid }, index) => [uuid, episodes[index]?.idempotencyKey]));
  const shares: number[] = [];
  for (const { question, evidence } of questions) {
    const found = await memory.search(question, ITEMS, { group, cache: false });
    // Printed answers contain times as text, so the items go through JSON first.
    const shown = new Set(episodesShown(JSON.parse(JSON.stringify(found))).map((uuid) => turns.get(uuid)));
    shares.push(evidence.filter((turn) => shown.has(turn)).length / evidence.length);
  }
  return shares;
}

/** The episodes of the items that `query` prints completely, in its order. */
function episodesShown({ facts, passages = [] }: FoundItems): string[] {
  const inPassages = new Set(passages.map(({ uuid }) => uuid));
  const items = [
    ...facts
      .filter(({ statedIn }) => statedIn === undefined || !inPassages.has(statedIn))
      .map((fact) => ({
        score: fact.score,
        text: bulletList({ facts: [fact], episodes: [] }),
        episodes: (fact.sources ?? []).map(({ uuid }) => uuid),
      })),
    ...passages.map((passage) => ({
      score: Math.max(
        passage.score,
        ...facts.filter(({ statedIn }) => statedIn === passage.uuid).map(({ score }) => score),
      ),
      text: bulletList({ facts: [], episodes: [], passages: [passage] }),
      episodes: [passage.episode.uuid],
    })),
  ];
  const episodes: string[] = [];
  let printed = 0;
  for (const item of items.sort((a, b) => b.score - a.score).slice(0, ITEMS)) {
    printed += item.text.length + 1;
    if (printed > CHARACTERS) break;
    episodes.push(...item.episodes);
  }
  return episodes;
}

/** A conversation turn by turn, and its questions but the adversarial ones, with the ids of the turns that hold the answers. */
export function readConversation(file: string, source: 'text' | 'message'): Conversation {
  const whole = JSON.parse(readFileSync(file, 'utf8'));
  const conversation = whole.conversation ?? whole;
  const episodes: EpisodeInput[] = [];
  for (let number = 1; conversation[`session_${number}`] !== undefined; number += 1) {
    const began = timeOf(conversation[`session_${number}_date_time`]);
    for (const [place, turn] of (conversation[`session_${number}`] as Turn[]).entries())
      episodes.push({
        content: `${turn.speaker}: ${turn.text}${turn.blip_caption ? ` [shares ${turn.blip_caption}]` : ''}`,
        idempotencyKey: turn.dia_id,
        referenceTime: new Date(began.getTime() + place * 20 * SECOND),
        ...(source === 'message' && { source, saga: `session-${number}` }),
      });
  }
  const known = new Set(episodes.map(({ idempotencyKey }) => idempotencyKey));
  const questions = (whole.qa as Question[])
    .filter(({ category }) => category !== ADVERSARIAL)
    .map(({ question, evidence = [] }) => ({
      question,
      evidence: [...new Set(evidence.flatMap((ids) => ids.split(/[;,\s]+/)))].filter((id) => known.has(id)),
    }));
  return { episodes, questions: questions.filter(({ evidence }) => evidence.length > 0) };
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');

/** Such as "1:56 pm on 8 May, 2023". */
function timeOf(text: string): Date {
  const [, hour, minute, half, day, month = '', year] = /(\d+):(\d+) ([ap]m) on (\d+) (\w+),? (\d+)/.exec(text) ?? [];
  const hours = (Number(hour) % 12) + (half === 'pm' ? 12 : 0);
  return new Date(Date.UTC(Number(year), MONTHS.indexOf(month.toLowerCase()), Number(day), hours, Number(minute)));
}
