import { isMemoryDisabled } from '../../agents/hooks/hook.ts';
import { type AgentConnection, type AgentState, inspectAgents } from '../../agents/install/inspect.ts';
import { displayPath } from '../../agents/install/install.ts';
import { joinSentence, unjoinedFolder } from '../../agents/joined-folders.ts';
import { homeFolder } from '../../home.ts';
import { DAY } from '../../time.ts';
import { type AgentMemory, outcomeText, type WorkRecord } from '../memory/agent-memory.ts';
import { count } from '../terminal/output.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface InspectedAgents {
  readonly findings: readonly Finding[];
  /** The memory that a configuration names for this folder. */
  readonly group: string | undefined;
}

export function checkAgents(directory: string, environment: Environment): InspectedAgents {
  const agents = inspectAgents(directory, environment);
  const isAnyConnected = agents.some(({ connections }) => connections.length > 0);
  const present = agents.filter(({ isInstalled, connections }) => isInstalled || connections.length > 0);
  const findings = present.flatMap((agent) => agentFindings(agent, isAnyConnected, directory));
  const none = warning(
    'agents',
    'No coding agent was found on this machine; `memory-manager install mcp` prints what any MCP client needs.',
  );
  const off = warning('agents', 'MEMORY_DISABLED is set, so the hooks and the plugin do nothing; unset it.');
  return {
    findings: [...(findings.length > 0 ? findings : [none]), ...(isMemoryDisabled(environment) ? [off] : [])],
    group: agents.flatMap(({ connections }) => connections.flatMap(({ group }) => group ?? []))[0],
  };
}

function agentFindings(agent: AgentState, isAnyConnected: boolean, directory: string): Finding[] {
  const { name, install, connections } = agent;
  const command = `\`memory-manager install ${install}\``;
  if (connections.length === 0) {
    const message = `It is on this machine but not connected to the memory; ${command} connects it.`;
    return [isAnyConnected ? ok(name, message) : problem(name, message)];
  }
  const faulty = connections.filter(({ faults }) => faults.length > 0);
  if (faulty.length > 0)
    return faulty.map(({ path, faults }) =>
      problem(name, `In ${displayPath(path, directory)} ${faults.join(', and ')}; ${command} repairs it.`),
    );
  return [ok(name, `Connected in ${connections.map((connection) => placeOf(connection, directory)).join(' and ')}.`)];
}

const placeOf = ({ path, group }: AgentConnection, directory: string): string =>
  `${displayPath(path, directory)}${group ? ` (memory "${group}")` : ''}`;

/** Whether capture and recall worked when an agent last tried, in this folder's memory. */
export function checkAgentWork({ capture, recall }: AgentMemory, now = Date.now()): Finding[] {
  return [
    workFinding('capture', capture, 'No agent on this machine has stored a turn yet.', now),
    workFinding('recall', recall, 'No agent on this machine has asked the memory yet.', now),
  ];
}

/** A folder that may not use the memory of its origin yet. */
export function checkJoined(directory: string, environment: Environment, { group, scope }: AgentMemory): Finding[] {
  if (group !== scope.group) return [];
  const unjoined = unjoinedFolder({ home: homeFolder(environment), scope, directory, environment }, false);
  return unjoined ? [warning('agents', joinSentence(unjoined))] : [];
}

function workFinding(about: string, { last, lastDay }: WorkRecord, none: string, now: number): Finding {
  if (!last) return ok(about, none);
  const bad = lastDay.late + lastDay.failed;
  const share =
    bad > 0
      ? `; in the last day, ${bad} of ${count(bad + lastDay.ok, 'try', 'tries')} ${bad === 1 ? 'was' : 'were'} late or failed`
      : '';
  const message = `${capitalised(outcomeText(last, now)).replace(/\.$/, '')}${share}.`;
  if (last.outcome === 'ok') return ok(about, message);
  // An old failure says little about the current state, which the other checks cover.
  return last.outcome === 'late' || now - last.at > DAY ? warning(about, message) : problem(about, message);
}

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
