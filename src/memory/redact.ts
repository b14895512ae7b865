import type { Config } from '../config.ts';
import type { RedactedGroup } from '../forget/forget.ts';
import type { MaskedGroup } from '../forget/redact/redact-group.ts';
import type { Spool } from '../queue/spool/spool.ts';
import type { ItemReference } from './forget.ts';
import { archivesOfGroup } from './forget-group.ts';
import type { Services } from './services.ts';
import { runTask, type TaskOptions } from './upkeep.ts';

export interface RedactOptions extends TaskOptions {
  /** True: only return what would be masked; needs no worker. */
  readonly dryRun?: boolean;
}

/** What was masked, or would be masked; without the secrets. */
export interface RedactResult {
  readonly dryRun: boolean;
  readonly group: string;
  /** Number of distinct secrets of each kind, such as `github-token`. */
  readonly secrets: Readonly<Record<string, number>>;
  /** Episodes whose text, metadata or name is masked; the names are without secrets. */
  readonly episodes: readonly ItemReference[];
  /** Number of facts, entities and summaries that are masked. Summaries of communities are removed. */
  readonly facts: number;
  readonly entities: number;
  readonly summaries: number;
  /** How many copies outside the graph were masked or, of model results and answers, removed. A dry run counts jobs and spooled episodes. */
  readonly outsideGraph: Readonly<Record<'jobs' | 'memos' | 'journal' | 'cached' | 'spooled', number>>;
  readonly archives: {
    /** The folder, or `b2://bucket/prefix`; null if it cannot be reached from here. */
    readonly place: string | null;
    /** Archives of the memory, which still contain the secrets that were stored when the archives were made. */
    readonly files: readonly string[];
    /** `pending`: the place is unreachable for the worker; restoring an older archive brings the secrets back until a worker has recorded this there. */
    readonly masking: 'recorded' | 'pending' | null;
  };
}

/** @throws NoWorkerError, JobFailedError, TimedOutError */
export async function redact(services: Services, { dryRun = false, ...options }: RedactOptions): Promise<RedactResult> {
  const group = services.group(options.group);
  const { place, files } = await archivesOfGroup(services, group, false);
  const masked: MaskedGroup & Partial<RedactedGroup> = dryRun
    ? await plan(services, group)
    : await runTask<RedactedGroup>(services, { kind: 'redact' }, { ...options, group });
  // The worker may run on another machine.
  const spooledHere = dryRun ? 0 : await maskHere(services, group);
  const { elsewhere, secrets, summaries } = masked;
  return {
    ...{ dryRun, group, secrets, summaries },
    episodes: await namesOf(services, group, masked.episodes),
    facts: masked.facts.length,
    entities: masked.entities.length,
    outsideGraph: { ...elsewhere, spooled: elsewhere.spooled + spooledHere },
    archives: {
      ...{ place, files },
      masking: masked.archives === undefined ? null : masked.archives === 'noted' ? 'recorded' : 'pending',
    },
  };
}

async function plan({ config, graphs, queues: openedQueues }: Services, group: string): Promise<MaskedGroup> {
  const [{ previewGroupRedaction }, { episodeJobs }] = await Promise.all([
    import('../forget/redact/redact-group.ts'),
    import('../queue/mask-jobs.ts'),
  ]);
  const graph = (await graphs()).group(group);
  const { queues, ask } = await openedQueues();
  const jobs = await ask((valkey) => episodeJobs(queues.store, valkey, group));
  return await previewGroupRedaction(graph, { jobs, spool: await spoolOf(config) });
}

/** Masks the episodes on this machine's disk and returns how many had secrets. */
async function maskHere({ config }: Services, group: string): Promise<number> {
  const [{ maskSpooled }, { clearRecalled }] = await Promise.all([
    import('../forget/redact/redact-group.ts'),
    import('../redaction/clear-recalled.ts'),
  ]);
  await clearRecalled(config.home);
  return maskSpooled(await spoolOf(config), group);
}

async function spoolOf(config: Config): Promise<Spool> {
  const { openSpool } = await import('../queue/spool/spool.ts');
  return openSpool(config.home, config.spoolLimit);
}

/** Before the masking a name may have a secret. */
async function namesOf({ graphs }: Services, group: string, episodes: readonly string[]): Promise<ItemReference[]> {
  const [{ readNames }, { withoutSecrets }] = await Promise.all([
    import('../graph/queries/entities.ts'),
    import('../redaction/redact.ts'),
  ]);
  const names = await readNames((await graphs()).group(group), { episodes, facts: [], entities: [] });
  return episodes.map((uuid) => ({
    uuid,
    name: withoutSecrets(names.get(uuid) ?? '', (kind) => `[redacted:${kind}]`),
  }));
}
