import type { Scope } from '../../agents/scope.ts';
import { type Config, loadConfig } from '../../config.ts';
import { openServices, type Services } from '../../memory/services.ts';
import { nightlyStatus } from '../../memory/status.ts';
import { openNightlyExports } from '../../queue/nightly-exports.ts';
import { liveWorkers } from '../../queue/queue-state.ts';
import { type AgentMemory, agentMemory, sizeAndDate } from '../memory/agent-memory.ts';
import { checkAgents, checkAgentWork, checkJoined } from './agents.ts';
import { checkExports } from './exports.ts';
import { errorSentence, type Finding, ok, problem, warning } from './finding.ts';
import { checkHomeFolder, checkSettings, checkVersions } from './machine.ts';
import { checkModelsAndVectors } from './models.ts';
import { checkServer, isUsable } from './servers.ts';
import { checkLogin, checkSupervision } from './supervision.ts';
import { checkWork } from './work.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface DoctorInput {
  readonly directory: string;
  readonly environment: Environment;
  /** The memory to look at; undefined: that of the folder. */
  readonly group: string | undefined;
}

/** All checks, in the order in which a reader needs them: this machine, its agents, the servers and their data. Changes nothing and never throws. */
export async function runDoctorChecks({ directory, environment, group }: DoctorInput): Promise<readonly Finding[]> {
  const agents = checkAgents(directory, environment);
  const machine = [checkVersions(), ...checkHomeFolder(environment)];
  let config: Config;
  let memory: AgentMemory;
  try {
    config = loadConfig(environment);
    memory = agentMemory(directory, environment, group ?? agents.group);
  } catch (error) {
    const isKnown = machine.some(({ message }) => message === errorSentence(error));
    return [...machine, ...(isKnown ? [] : [problem('settings', errorSentence(error))]), ...agents.findings];
  }
  const services = openServices(config, {});
  try {
    const supervision = await checkSupervision(environment);
    const stored = await checkStored(services, environment, memory);
    return [
      ...machine,
      ...checkSettings(config, environment),
      ...agents.findings,
      ...checkAgentWork(memory),
      ...checkJoined(directory, environment, memory),
      ...supervision,
      ...checkLogin(environment),
      ...stored,
    ];
  } finally {
    await services.close();
  }
}

/** The servers and their data. A check that needs an unusable server is left out; the server's own finding has the reason. */
async function checkStored(
  services: Services,
  environment: Environment,
  memory: AgentMemory,
): Promise<readonly Finding[]> {
  const { config } = services;
  const [valkey, falkordb] = await Promise.all([checkServer('Valkey', config), checkServer('FalkorDB', config)]);
  const graphs = isUsable(falkordb) ? await services.graphs() : undefined;
  const queues = isUsable(valkey) ? await services.queues() : undefined;
  const orFinding = async (about: string, work: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> =>
    work().catch((error: unknown) => [problem(about, errorSentence(error))]);
  const nightly =
    queues &&
    (await nightlyStatus(
      openNightlyExports(queues),
      memory.group,
      liveWorkers(queues).then(({ now }) => now),
    ).catch(() => undefined));
  const contents = graphs ? await contentsOf(services, memory.group) : undefined;
  const { userGroup } = memory.scope;
  const [work, models, exports] = await Promise.all([
    queues && graphs ? orFinding('worker', () => checkWork(services, queues, graphs, memory.group)) : [],
    checkModelsAndVectors(config, graphs, [memory.group, userGroup]),
    checkExports(
      config,
      environment,
      nightly,
      contents !== undefined && 'episodes' in contents && contents.episodes === 0,
    ),
  ]);
  // The workers' embedder and that of these settings usually differ from the vectors in the same way.
  const unsaid = models.filter(({ message }) => !work.some((finding) => finding.message.startsWith(message)));
  return [...valkey, ...falkordb, ...work, ...unsaid, ...memoryFindings(memory, contents), ...exports];
}

async function contentsOf(services: Services, group: string) {
  try {
    const { getGroupOverview } = await import('../../memory/groups.ts');
    return await getGroupOverview(services, group);
  } catch (error) {
    return { failure: errorSentence(error) };
  }
}

const BY: Readonly<Record<Scope['by'], string>> = {
  option: 'named',
  environment: 'named by MEMORY_GROUP or MEMORY_GROUP_ID',
  origin: "by the repository's origin",
  'root-commit': "by the repository's first commit",
  path: "by the folder's path",
};

function memoryFindings({ group, scope }: AgentMemory, contents: Awaited<ReturnType<typeof contentsOf>> | undefined) {
  const own =
    group === scope.group
      ? BY[scope.by]
      : `named by the agents' configuration or by --group; --group auto is "${scope.group}"`;
  if (contents && 'failure' in contents) return [warning('memory', contents.failure)];
  const size = contents ? sizeAndDate(contents) : 'its size is unknown, since FalkorDB does not answer';
  return [ok('memory', `This folder's memory is "${group}" (${own}): ${size}.`)];
}
