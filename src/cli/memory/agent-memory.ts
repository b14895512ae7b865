import { realPath } from '../../agents/git.ts';
import type { Scope } from '../../agents/scope.ts';
import { scopeOf } from '../../agents/scope.ts';
import { homeFolder } from '../../home.ts';
import type { MemoryManager } from '../../memory.ts';
import {
  type AgentOutcome,
  type AgentWork,
  countOutcomes,
  type OutcomeCounts,
  readOutcomes,
} from '../../telemetry/agent-outcomes.ts';
import { ageText, DAY, day } from '../../time.ts';
import { AUTO_GROUP } from '../auto-group.ts';
import { count } from '../terminal/output.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The memory that agents use in a folder, and the outcomes of their work there. */
export interface AgentMemory {
  readonly group: string;
  /** How the folder's own memory is found, even if agents use another one. */
  readonly scope: Scope;
  readonly capture: WorkRecord;
  readonly recall: WorkRecord;
}

export interface WorkRecord {
  /** Undefined if there was none yet, as far as this home knows. */
  readonly last: AgentOutcome | undefined;
  readonly lastDay: OutcomeCounts;
}

/**
 * The memory that the last agent in this folder used, which its configuration may name; else the memory of the folder's project.
 * @param group named by the caller
 * @throws InvalidInputError when the environment names a group that cannot be one
 */
export function agentMemory(
  directory: string,
  environment: Environment,
  group?: string,
  now = Date.now(),
): AgentMemory {
  const scope = scopeOf({ directory, environment });
  const outcomes = readOutcomes(homeFolder(environment));
  const here = realPath(directory);
  const used = group ?? outcomes.findLast((outcome) => realPath(outcome.directory) === here)?.group ?? scope.group;
  const own = outcomes.filter((outcome) => outcome.group === used);
  const recent = own.filter(({ at }) => now - at < DAY);
  const record = (work: AgentWork): WorkRecord => ({
    last: own.findLast((outcome) => outcome.work === work),
    lastDay: countOutcomes(recent, work),
  });
  return { group: used, scope, capture: record('capture'), recall: record('recall') };
}

/**
 * A hint for a command that found nothing in one memory, while the agents of this folder use another.
 * @param searched the group in which the command looked
 * @returns undefined if agents use the same memory, or never worked in this folder
 */
export function hintAtAgentMemory(searched: string, directory = process.cwd(), environment: Environment = process.env) {
  const { group, scope, capture, recall } = agentMemory(directory, environment);
  if (group === searched || !(capture.last ?? recall.last)) return undefined;
  return `The agents of this folder use the memory "${group}"; add --group ${group === scope.group ? AUTO_GROUP : group} to look there.`;
}

/** Size and last episode of a memory; undefined while FalkorDB cannot be asked. */
export async function contentsOf(memory: MemoryManager, group: string) {
  try {
    const [size, [latest]] = await Promise.all([memory.getGraphSize(group), memory.episodes.list({ group, limit: 1 })]);
    return { ...size, lastEpisode: latest?.referenceTime ?? null };
  } catch {
    return undefined;
  }
}

type Contents = Awaited<ReturnType<typeof contentsOf>>;

/** The first lines of `status`; none for a folder without a memory. */
export function agentLines({ group, capture, recall }: AgentMemory, contents: Contents, now = Date.now()): string[] {
  const isThere = (contents?.episodes ?? 0) > 0 || capture.last !== undefined || recall.last !== undefined;
  if (!isThere) return [];
  return [
    `Agent    memory of this folder: "${group}"${contents ? `, ${sizeAndDate(contents)}` : ''}`,
    ...[capture.last, recall.last].flatMap((last) => (last ? [`         ${outcomeText(last, now)}`] : [])),
    ...troubles(capture.lastDay, recall.lastDay),
  ];
}

export const sizeAndDate = ({ episodes, lastEpisode }: NonNullable<Contents>): string =>
  `${count(episodes, 'episode')}${lastEpisode ? `, the last of ${day(lastEpisode)}` : ''}`;

const WORDS: Readonly<Record<AgentWork, Readonly<Record<AgentOutcome['outcome'], string>>>> = {
  capture: { ok: 'turns stored', late: 'storing a turn was late', failed: 'storing a turn failed' },
  recall: { ok: 'recall answered', late: 'recall was late', failed: 'recall failed' },
};

/** `recall failed 3 min ago (claude-code): the briefing failed: …` */
export function outcomeText({ work, outcome, at, host, reason }: AgentOutcome, now = Date.now()): string {
  const since = ageText(now - at);
  return `${WORDS[work][outcome]} ${since} (${host})${outcome === 'ok' || !reason ? '' : `: ${reason}`}`;
}

function troubles(capture: OutcomeCounts, recall: OutcomeCounts): string[] {
  const unwell = { capture: capture.late + capture.failed, recall: recall.late + recall.failed };
  if (unwell.capture + unwell.recall === 0) return [];
  const part = (name: string, bad: number, { ok }: OutcomeCounts) => `${bad} of ${count(bad + ok, name)}`;
  return [
    `         late or failed in the last day: ${part('capture', unwell.capture, capture)}, ${part('recall', unwell.recall, recall)}; \`memory-manager doctor\` looks for the cause`,
  ];
}

/** For `status --json`; null for a folder without a memory. */
export function agentJson({ group, capture, recall }: AgentMemory, contents: Contents): unknown {
  if ((contents?.episodes ?? 0) === 0 && !capture.last && !recall.last) return null;
  const json = ({ last, lastDay }: WorkRecord) => ({
    last: last
      ? { at: new Date(last.at), host: last.host, outcome: last.outcome, ...(last.reason && { reason: last.reason }) }
      : null,
    lastDay,
  });
  return {
    group,
    episodes: contents?.episodes ?? null,
    lastEpisode: contents?.lastEpisode ?? null,
    capture: json(capture),
    recall: json(recall),
  };
}
