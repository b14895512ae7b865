import { randomUUID } from 'node:crypto';
import { isOperationalError } from '../errors.ts';
import type { MemoryManager } from '../memory.ts';
import { HOUR, SECOND } from '../time.ts';
import { WorkRunningError } from './conflicts.ts';
import type { PageContext } from './handlers.ts';
import { type ArchiveWork, OPERATION_LIMITS } from './operation-shapes.ts';
import type { CallInput } from './schemas.ts';

/** The reply reports an unusable or unreachable store instead of failing, because the restore tests are known without the store. */
export async function readArchives({ memory, archiveWork }: PageContext, { group }: CallInput<'archives'>) {
  const [list, { valkey }] = await Promise.all([
    archiveWork.list(group ?? memory.config.group),
    memory.getStatus({ group, countPassages: false }),
  ]);
  const { verified = null, failed = null, next = null } = valkey.ok ? valkey.nightly : {};
  const canExport = valkey.ok && valkey.liveWorkers.some(({ roles }) => roles.includes('export'));
  return { ...list, restoreTest: verified, failedTest: failed, nextExport: next, canExport };
}

async function listArchives(memory: MemoryManager, group: string) {
  try {
    const { location, archives, locked, incomplete } = await memory.archives.list({ group });
    return {
      ...{ place: location, problem: null, locked: locked.length, incomplete: incomplete.length },
      archives: archives.slice(0, OPERATION_LIMITS.archives).map(({ graphHash: _, group: __, ...archive }) => archive),
      isCut: archives.length > OPERATION_LIMITS.archives,
    };
  } catch (error) {
    if (!isOperationalError(error)) throw error;
    return { place: null, problem: error.message, archives: [], isCut: false, locked: 0, incomplete: 0 };
  }
}

/** Long work on archives, which continues when the page that started it is closed. Only one piece of work runs at a time. */
export interface ArchiveWorkbench {
  /** @throws WorkRunningError */
  start(input: CallInput<'startArchiveWork'>): ArchiveWork;
  /** The running or latest work; null if there was none. */
  latest(): ArchiveWork | null;
  /** A group's archives. The list is cached for 15 s, because the store may be remote, and read again after each work. */
  list(group: string): ReturnType<typeof listArchives>;
}

const READ_AFTER = 15 * SECOND;

export function openArchiveWork(memory: MemoryManager): ArchiveWorkbench {
  let latest: ArchiveWork | null = null;
  let lists = new Map<string, { readonly at: number; readonly list: ReturnType<typeof listArchives> }>();

  async function run({ id, kind, group, file }: ArchiveWork): Promise<void> {
    const change = (changes: Partial<ArchiveWork>) => {
      if (latest?.id === id) latest = { ...latest, ...changes };
    };
    const onProgress = (share: number) => change({ share: Math.min(Math.max(share, 0), 1) });
    try {
      const outcome =
        kind === 'export'
          ? await exportNow(memory, group, onProgress)
          : await verify(memory, group, file, kind === 'restoreTest', onProgress);
      change({ share: 1, ...outcome });
    } catch (error) {
      const message = isOperationalError(error) ? error.message : 'The server failed for an unexpected reason.';
      change({ state: 'failed', message });
    } finally {
      lists = new Map();
    }
  }

  return {
    start({ group = memory.config.group, kind, file = 'latest' }) {
      if (latest?.state === 'running')
        throw new WorkRunningError('Other work on archives is running; wait until it has ended.');
      const started: ArchiveWork = {
        ...{ id: randomUUID(), kind, group, file: kind === 'export' ? '' : file },
        ...{ startedAt: new Date().toISOString(), share: 0, state: 'running', message: '' },
      };
      latest = started;
      void run(started);
      return started;
    },
    latest: () => latest,
    list(group) {
      const now = performance.now();
      const last = lists.get(group);
      if (last && now - last.at < READ_AFTER) return last.list;
      const list = listArchives(memory, group);
      lists.set(group, { at: now, list });
      return list;
    },
  };
}

type Outcome = Pick<ArchiveWork, 'state' | 'message'>;

async function exportNow(memory: MemoryManager, group: string, onProgress: (share: number) => void): Promise<Outcome> {
  const { file, location } = await memory.export({ group, onProgress, timeoutMs: HOUR });
  return { state: 'done', message: `Exported to ${file} in ${location}.` };
}

async function verify(
  memory: MemoryManager,
  group: string,
  file: string,
  restore: boolean,
  onProgress: (share: number) => void,
): Promise<Outcome> {
  const verified = await memory.archives.verify(file, { group, restore, onProgress });
  if (!verified.intact)
    return { state: 'failed', message: `${verified.file} differs: ${verified.problems.slice(0, 5).join('; ')}` };
  const { answers } = verified;
  const proof = answers
    ? ` It was restored into a scratch graph, which answered ${answers.found} of ${answers.asked} questions.`
    : '';
  return { state: 'done', message: `${verified.file} is intact.${proof}` };
}
