import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Config, loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { MemoryManager } from '../src/index.ts';
import { loadEmbedder } from '../src/models/providers.ts';
import { queryTerms } from '../src/passages/terms.ts';
import { type Candidates, findCandidates } from '../src/search/answer/candidates/candidates.ts';
import { dateWindowOf } from '../src/search/answer/question/date-window.ts';
import type { RankingQuestion } from '../src/search/answer/ranking/rank.ts';
import { RECIPES, searchContext } from '../src/search/search.ts';
import { DAY, MINUTE } from '../src/time.ts';
import { startWorkers } from '../workers/main.ts';
import { readConversation } from './locomo.ts';

/** A set of episodes, and questions with the ids of the episodes that answer them. */
export interface AnsweredSet {
  readonly name: string;
  readonly asked_at: string;
  readonly episodes: readonly {
    readonly id: string;
    readonly content: string;
    readonly reference_time: string;
    readonly source?: 'text' | 'message' | 'json';
    readonly saga?: string;
  }[];
  readonly questions: readonly {
    readonly question: string;
    readonly kind: string;
    readonly evidence: readonly string[];
    readonly as_of?: string;
  }[];
}

/** A question to a memory, and the candidates for its answer. */
export interface AnsweredMemories {
  readonly memory: string;
  /** The set that the question belongs to. */
  readonly from: string;
  readonly kind: string;
  readonly question: RankingQuestion;
  readonly candidates: Candidates;
  /** uuids of the episodes that answer; empty for a question of another set. */
  readonly evidence: readonly string[];
}

/**
 * Stores the sets like users and collects the candidates for their questions.
 * @param paths question sets, and conversations of LoCoMo (`readSet`)
 * @param isCrossed asks every memory every question, instead of only its own
 */
export async function askMemories(paths: readonly string[], isCrossed: boolean): Promise<AnsweredMemories[]> {
  const sets = paths.map(readSet);
  const home = mkdtempSync(join(tmpdir(), 'memory-fit-'));
  const servers = await startServers({ dataFolder: join(home, 'servers') });
  const address = ({ host, port }: { host: string; port: number }) => ({ host, port, tls: false });
  const config: Config = {
    ...{ ...loadConfig({}), home, models: 'local', nightly: undefined, exportDir: join(home, 'exports') },
    ...{ falkordb: address(servers.falkordb), valkey: address(servers.valkey), logLevel: 'silent' },
    health: { host: '127.0.0.1', port: 0 },
  };
  const worker = await startWorkers(config, ['store']);
  try {
    const answered: AnsweredMemories[] = [];
    for (const own of sets) answered.push(...(await askMemory(config, own, isCrossed ? sets : [own])));
    return answered;
  } finally {
    await worker.close();
    await servers.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** `<file>:message` stores the turns of a LoCoMo conversation as messages with its sessions, `<file>` as text without. */
function readSet(path: string): AnsweredSet {
  const [, file = path, isMessage] = /^(.*?)(:message)?$/.exec(path) ?? [];
  const set = JSON.parse(readFileSync(file, 'utf8'));
  if (set.episodes) return set;
  const { episodes, questions } = readConversation(file, isMessage ? 'message' : 'text');
  const last = Math.max(...episodes.map(({ referenceTime }) => referenceTime?.getTime() ?? 0));
  return {
    name: `locomo-${basename(file, '.json')}${isMessage ? '-message' : ''}`,
    asked_at: new Date(last + DAY).toISOString(),
    episodes: episodes.map(({ content, idempotencyKey, referenceTime, source, saga }) => ({
      ...{ id: idempotencyKey ?? '', content, reference_time: referenceTime?.toISOString() ?? '' },
      ...(source === 'message' && { source }),
      ...(saga && { saga }),
    })),
    questions: questions.map((question) => ({ ...question, kind: 'conversation' })),
  };
}

async function askMemory(
  config: Config,
  own: AnsweredSet,
  askers: readonly AnsweredSet[],
): Promise<AnsweredMemories[]> {
  const group = `fit-${own.name.replace(/[^\w-]/g, '-')}`;
  const memory = new MemoryManager(config);
  const graphs = openGraphs(config.falkordb);
  const embedder = await loadEmbedder(config);
  try {
    const receipts = await memory.enqueueEpisodes(
      own.episodes.map(({ content, source, saga, reference_time }) => ({
        ...{ content, group, referenceTime: new Date(reference_time) },
        ...(source && { source }),
        ...(saga && { saga }),
      })),
    );
    for (const receipt of receipts) await memory.waitFor(receipt, { timeoutMs: 30 * MINUTE });
    const uuids = new Map(receipts.map(({ uuid }, place) => [own.episodes[place]?.id ?? '', uuid]));
    const graph = graphs.group(group);
    const answered: AnsweredMemories[] = [];
    for (const set of askers)
      for (const { question, kind, evidence = [], as_of } of set.questions) {
        const [vector = []] = await embedder.embed([question]);
        const now = new Date((set === own && as_of) || own.asked_at);
        const recipe = RECIPES.default;
        const context = await searchContext(graph, question, vector, { limit: 10, recipe, asOf: now });
        const terms = queryTerms(question);
        answered.push({
          ...{ memory: own.name, from: set.name, kind },
          question: { text: question, terms, window: dateWindowOf(question, now) },
          candidates: await findCandidates(context, terms, recipe.facts?.methods ?? []),
          evidence: set === own ? [...new Set(evidence)].flatMap((id) => uuids.get(id) ?? []) : [],
        });
      }
    return answered;
  } finally {
    await embedder.close();
    graphs.close();
    await memory.close();
  }
}
