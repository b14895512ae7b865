import type { PastAgent } from '../agents/past-sessions/history.ts';
import {
  estimateReadingCost,
  importPastSessionsOf,
  type PastImportPreview,
  type PastImportResult,
  previewPastImport,
} from '../agents/past-sessions/import-past.ts';
import type { PastSessionOptions } from '../agents/past-sessions/read-past-sessions.ts';
import { type Config, loadConfig } from '../config.ts';
import { InvalidInputError } from '../errors.ts';
import { openServices, type Services } from '../memory/services.ts';
import { languageModelProvider } from '../models/providers.ts';
import { countWorkers } from '../queue/queue-state.ts';
import { day } from '../time.ts';
import type { CommandCall } from './command.ts';
import { confirmWithUser } from './terminal/ask-user.ts';
import { count, progressLine } from './terminal/output.ts';

const NAMES: Readonly<Record<PastAgent, string>> = {
  'claude-code': 'Claude Code',
  codex: 'Codex',
  opencode: 'opencode',
};
const MOST_MEMORIES = 20;

/** `import claude-code | codex | opencode`: shows what the past sessions would bring, asks, and stores it. */
export async function importPastSessions(agent: PastAgent, call: CommandCall): Promise<number> {
  const unfit = ['skip-broken', 'wait', 'reference-time', 'timeout'].find((option) => call.text(option));
  if (unfit) throw new InvalidInputError(`--${unfit} is for files; see memory-manager import --help.`);
  const { group, project, since } = { group: call.group, project: call.text('project'), since: call.time('since') };
  const options = { agent, environment: process.env, group, project, since, now: Date.now() };
  const services = openServices(loadConfig(), { onNotice: (sentence) => console.error(sentence) });
  try {
    return await previewAndImport(services, options, call);
  } finally {
    await services.close();
  }
}

async function previewAndImport(services: Services, options: PastSessionOptions, call: CommandCall): Promise<number> {
  const preview = await withProgress('Reading', (show) => previewPastImport(services, options, show));
  const cost = estimateReadingCost(services.config, preview);
  const fresh = preview.turns + preview.summaries - preview.known;
  if (!call.json) console.log(sentences(preview, cost, services.config));
  if (call.flag('dry-run') || fresh === 0) return end(call, { ...preview, added: 0 }, cost);
  if (!(await confirmWithUser(call, `Import ${count(fresh, 'episode')}?`, 'Nothing was imported', 'to import them')))
    return 1;
  const result = await withProgress('Importing', (show) => importPastSessionsOf(services, options, show));
  if (!call.json) console.log(`Imported ${count(result.added, 'episode')}.`);
  if (result.added > 0 && (await countWorkers(await services.queues(), 'store')) === 0)
    console.error('No worker is running to read them; start one with `memory-manager up` or `memory-manager worker`.');
  return end(call, result, cost);
}

function end(call: CommandCall, result: PastImportResult, cost: number | undefined): number {
  if (call.json) console.log(JSON.stringify({ ...result, dryRun: call.flag('dry-run'), cost: cost ?? null }));
  return 0;
}

async function withProgress<T>(what: string, work: (show: (share: number) => void) => Promise<T>): Promise<T> {
  const progress = progressLine(what);
  try {
    return await work(progress.show);
  } finally {
    progress.end();
  }
}

function sentences(preview: PastImportPreview, cost: number | undefined, config: Config): string {
  const { agent, sessions, turns, summaries, from, to, memories, hidden, known, places } = preview;
  const all = turns + summaries;
  const lines =
    all === 0
      ? [`No turns of ${NAMES[agent]} were found in ${places.join(', ')}.`]
      : [
          `${NAMES[agent]}: ${count(sessions, 'session')}, ${count(turns, 'turn')} and ${count(summaries, 'summary', 'summaries')}, from ${from && day(from)} to ${to && day(to)}`,
          ...memoryLines(memories),
          `Secrets and private parts hidden: ${hidden}`,
          `Cost of model calls: ${costSentence(cost, config)}`,
          ...(known > 0 ? [`Already stored: ${known === all ? 'all' : known}`] : []),
        ];
  return [...lines, ...leftOut(preview), ...preview.notices].join('\n');
}

function memoryLines(memories: PastImportPreview['memories']): string[] {
  const shown = memories.slice(0, MOST_MEMORIES);
  const width = Math.max(...shown.map(({ group }) => group.length));
  const digits = String(shown[0]?.episodes ?? 0).length;
  const left = memories.length - shown.length;
  return [
    ...shown.map(
      ({ group, episodes, directory, exists }) =>
        `  ${group.padEnd(width)}  ${String(episodes).padStart(digits)}  ${directory}${exists ? '' : ' (no longer exists)'}`,
    ),
    ...(left > 0 ? [`  … and ${count(left, 'more memory', 'more memories')}`] : []),
  ];
}

function costSentence(cost: number | undefined, config: Config): string {
  if (cost === undefined) return 'unknown; set the price of the model with MEMORY_PRICES';
  if (cost === 0) return languageModelProvider(config).isRemote ? 'none' : 'none (local models)';
  return `about $${cost.toFixed(2)}`;
}

function leftOut({ subAgents, running, copies, unjoined, damaged, damagedPlaces }: PastImportPreview): string[] {
  const parts = [
    ...(subAgents > 0 ? [count(subAgents, "sub-agent's session", "sub-agents' sessions")] : []),
    ...(running > 0 ? [`${count(running, 'turn')} that an agent is still working on`] : []),
    ...(unjoined > 0 ? [`${count(unjoined, 'episode')} of folders that have not joined their memory`] : []),
    ...(copies > 0 ? [`${count(copies, 'copy', 'copies')} of turns in resumed or forked sessions`] : []),
  ];
  return [
    ...(parts.length > 0 ? [`Left out: ${parts.join(', ')}`] : []),
    ...(damaged > 0 ? [`Damaged and skipped: ${damaged}, the first at ${damagedPlaces[0]}`] : []),
  ];
}
