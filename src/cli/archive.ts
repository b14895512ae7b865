import { sizeText } from '../archive/export.ts';
import type { Retention } from '../archive/prune.ts';
import { newArchiveKey } from '../archive/stores/encrypted.ts';
import { InvalidInputError, isFailure } from '../errors.ts';
import type { ArchiveEntry, ArchiveList } from '../memory/archives.ts';
import type { RebuildResult } from '../memory/rebuild.ts';
import type { MemoryManager } from '../memory.ts';
import { type Command, type CommandCall, chosenAction } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { count, progressLine } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager archive list | verify | restore | rebuild | accept-loss | prune | new-key

Lists, verifies and restores the archives that \`memory-manager export\` wrote to MEMORY_EXPORT_DIR
or to a remote store. Instead of a file name, \`latest\` is the newest archive of the memory.

  list             list archives: time, contents, last verification (of all memories, or --group)
  verify <file>    read the archive; compare bytes, counts and graph hash with its manifest
    --restore        also run a restore test: load it into a scratch graph and search for its facts
  restore <file>   fill the memory from the archive; the memory must be empty
    --replace        replace the contents of the memory, in one step
  rebuild [file]   restore a lost graph from the newest archive (or file) and the journal, without
                   a model call; the memory must be empty, or use --replace
  accept-loss      accept a graph that lost changes, for example after deleting it on purpose
  prune            remove nightly archives except the newest of each day, week and month
    --keep <list>    how many to keep: daily=7,weekly=4,monthly=12
    --all            include archives made by hand, by earlier releases or other installations
    --dry-run        only list what would be removed
  new-key          print a key for MEMORY_ARCHIVE_KEY, which encrypts archives

  --group <name>   the memory (default: MEMORY_GROUP; for a file, the memory it was exported from)
  --json           print the result as JSON

Exit status: 0 intact or done, 2 the archive differs or the journal has a gap, 1 failed.
Example: memory-manager archive verify latest --restore`,
  options: {
    restore: { type: 'boolean' },
    replace: { type: 'boolean' },
    keep: { type: 'string' },
    all: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
  },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const [action = '', ...rest] = call.args;
      const act = chosenAction('archive', action, ACTIONS);
      const { data, text, status = 0 } = await act(memory, rest, call);
      console.log(call.json ? JSON.stringify(data) : text);
      return status;
    }),
};

interface Result {
  readonly data: unknown;
  readonly text: string;
  readonly status?: number;
}

const ACTIONS: Readonly<
  Record<string, (memory: MemoryManager, rest: readonly string[], call: CommandCall) => Promise<Result>>
> = {
  async list(memory, rest, call) {
    refuseFile('list', rest);
    const list = await memory.archives.list(call.groupOption);
    return { data: list, text: listed(list) };
  },
  async verify(memory, rest, call) {
    const restore = call.flag('restore');
    const file = fileOf('verify', rest);
    const verified = await withProgress(restore ? 'Testing the restore' : 'Verifying', (onProgress) =>
      memory.archives.verify(file, { ...call.groupOption, restore, onProgress }),
    );
    if (!verified.intact)
      return { data: verified, text: `${verified.file} differs: ${verified.problems.join('; ')}`, status: 2 };
    const { answers } = verified;
    const restored = answers
      ? ` Restore test: same graph hash, ${answers.found} of ${count(answers.asked, 'question')} answered.`
      : '';
    return { data: verified, text: `${verified.file} is intact.${restored}` };
  },
  async restore(memory, rest, call) {
    const file = fileOf('restore', rest);
    try {
      const restored = await withProgress('Restoring', (onProgress) =>
        memory.archives.restore(file, { ...call.groupOption, replace: call.flag('replace'), onProgress }),
      );
      const { group, until, leftOut } = restored;
      const text = `The memory "${group}" now holds ${contents(restored)}, as of ${time(until)}.`;
      const leftOutLine = leftOut > 0 ? `\nLeft out because they were forgotten later: ${leftOut}.` : '';
      return { data: restored, text: text + leftOutLine };
    } catch (error) {
      return refused(file, 'restored', error);
    }
  },
  async rebuild(memory, [file], call) {
    try {
      const rebuilt = await withProgress('Rebuilding', (onProgress) =>
        memory.archives.rebuild({
          ...call.groupOption,
          ...(file && { file }),
          replace: call.flag('replace'),
          onProgress,
        }),
      );
      for (const problem of rebuilt.problems) console.error(problem);
      return { data: rebuilt, text: rebuiltMessage(rebuilt), status: rebuilt.complete ? 0 : 2 };
    } catch (error) {
      return refused(file ?? 'latest', 'rebuilt from', error);
    }
  },
  async 'accept-loss'(memory, rest, call) {
    refuseFile('accept-loss', rest);
    const accepted = await memory.archives.acceptLoss(call.groupOption);
    const text = `The graph of the memory "${accepted.group}" is accepted as it is; run \`memory-manager export\` to archive this state.`;
    return { data: accepted, text };
  },
  async prune(memory, rest, call) {
    refuseFile('prune', rest);
    const dryRun = call.flag('dry-run');
    const keep = parseRetention(call.text('keep'));
    const pruned = await memory.archives.prune({ ...call.groupOption, keep, all: call.flag('all'), dryRun });
    const { kept, removed, leftovers, skipped, unproven } = pruned;
    const removedLines = [...removed, ...leftovers].map((file) => `${dryRun ? 'would remove' : 'removed'} ${file}`);
    const skippedLines = [...skipped, ...unproven].map(({ file, reason }) => `skipped ${file} (${reason})`);
    return {
      data: pruned,
      text: [...removedLines, ...skippedLines, `${count(kept.length, 'archive')} kept.`].join('\n'),
    };
  },
  async 'new-key'(_memory, rest) {
    refuseFile('new-key', rest);
    const key = await newArchiveKey();
    return { data: { key }, text: key };
  },
};

/** The outcome for a damaged archive; any other failure is thrown again. */
function refused(file: string, what: string, error: unknown): Result {
  if (!isFailure(error, 'ArchiveDamagedError')) throw error;
  console.error(`${error.message} Nothing was changed.`);
  return { data: { file, intact: false, problems: [error.message] }, text: `${file} was not ${what}.`, status: 2 };
}

function rebuiltMessage({ group, file, changes, queuedAgain, recordedAgain, ...counts }: RebuildResult): string {
  const since = count(changes, 'change');
  const from = file ? `${file} and ${since} of the journal` : `${since} of the journal`;
  const resumed = [
    ...(queuedAgain > 0 ? [`${count(queuedAgain, 'episode')} queued again.`] : []),
    ...(recordedAgain > 0 ? [`${count(recordedAgain, 'dead letter')} recorded again.`] : []),
  ];
  return [`Rebuilt the memory "${group}" from ${from}: ${contents(counts)}.`, ...resumed].join('\n');
}

function refuseFile(action: string, rest: readonly string[]): void {
  if (rest.length > 0)
    throw new InvalidInputError(`archive ${action} takes no file; see memory-manager archive --help.`);
}

function fileOf(action: string, [file]: readonly string[]): string {
  if (file) return file;
  throw new InvalidInputError(
    `archive ${action} needs a file name or "latest"; memory-manager archive list shows the archives.`,
  );
}

async function withProgress<T>(what: string, work: (onProgress: (share: number) => void) => Promise<T>): Promise<T> {
  const progress = progressLine(what);
  try {
    return await work(progress.show);
  } finally {
    progress.end();
  }
}

function listed({ location, archives, locked, incomplete }: ArchiveList): string {
  const lines = archives.map(line);
  const broken = incomplete.map((name) => `${'incomplete'.padEnd(20)}  ${name}`);
  const closed = locked.map((name) => `${'encrypted'.padEnd(20)}  ${name}\n  no key of MEMORY_ARCHIVE_KEY opens it`);
  const all = [...lines, ...closed, ...broken];
  return all.length > 0 ? all.join('\n') : `There are no archives in ${location}.`;
}

function line(archive: ArchiveEntry): string {
  const proof = archive.restoredAt
    ? `restore test passed ${time(archive.restoredAt)}`
    : archive.verifiedAt
      ? `verified ${time(archive.verifiedAt)}`
      : 'not verified';
  return `${time(archive.createdAt)}  ${archive.file}\n  ${archive.group}: ${contents(archive)}, ${sizeText(archive.bytes)}, ${proof}`;
}

function contents({ episodes, entities, facts }: Pick<ArchiveEntry, 'episodes' | 'entities' | 'facts'>): string {
  return `${count(episodes, 'episode')}, ${count(entities, 'entity', 'entities')} and ${count(facts, 'fact')}`;
}

const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** Reads `daily=7,weekly=4,monthly=12`, where each part is optional. @throws InvalidInputError */
export function parseRetention(text: string | undefined): Partial<Retention> {
  const pairs = (text ?? '').split(',').map((part) => /^\s*(daily|weekly|monthly)\s*=\s*(\d{1,4})\s*$/.exec(part));
  if (text === undefined || pairs.some((pair) => pair === null))
    throw new InvalidInputError('Give the number of archives to keep, such as --keep daily=7,weekly=4,monthly=12.');
  return Object.fromEntries(pairs.map((pair) => [pair?.[1], Number(pair?.[2])]));
}
