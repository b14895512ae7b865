import { InvalidInputError, isOperationalError } from '../errors.ts';
import type { RedactResult } from '../memory/redact.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { count } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager redact [--all]

Masks secrets in stored texts: keys, tokens, passwords and other values that the current rules
recognize. A worker masks the texts, facts, names, summaries, metadata, queue, journal and caches of
a memory; the rest of each text is kept. No secret is printed. Archives are not rewritten; a memory
that is restored from an older archive is masked too.

  --dry-run            only print what would be masked; needs no worker
  --all                every memory, including those with texts only on this disk or in the queue
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for the worker (default: 600)
  --json               one {"dryRun", "group", "secrets", "episodes", "facts", …} per line

Example: memory-manager redact --dry-run`,
  options: { 'dry-run': { type: 'boolean' }, all: { type: 'boolean' }, timeout: { type: 'string' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      if (call.flag('all') && call.group !== undefined)
        throw new InvalidInputError('--all and --group exclude each other; give one.');
      const groups = call.flag('all') ? await memory.getGroupNames() : [call.groupOption.group];
      let status = 0;
      for (const group of groups) {
        const options = { dryRun: call.flag('dry-run'), ...(group !== undefined && { group }), ...call.timeoutOption };
        try {
          const masked = await memory.redact(options);
          console.log(call.json ? JSON.stringify(masked) : sentences(masked));
        } catch (error) {
          // The secrets of the other memories must not stay because of this one.
          if (groups.length === 1 || !isOperationalError(error)) throw error;
          console.error(`The memory "${group}": ${error.message}`);
          status = 1;
        }
      }
      return status;
    }),
};

const [MOST_LINES, MOST_FILES] = [50, 20];

function sentences(masked: RedactResult): string {
  const { dryRun, group, episodes, facts, entities, summaries, outsideGraph, archives } = masked;
  const secrets = Object.entries(masked.secrets).sort(([one], [other]) => (one < other ? -1 : 1));
  const number = secrets.reduce((sum, [, some]) => sum + some, 0);
  const places = counted([
    [episodes.length, 'episode'],
    [facts, 'fact'],
    [entities, 'entity', 'entities'],
    [summaries, 'summary', 'summaries'],
    [outsideGraph.jobs, 'job'],
    [outsideGraph.spooled, 'spooled episode'],
    [outsideGraph.journal, 'journal entry', 'journal entries'],
  ]);
  if (places.length === 0) return `No secrets in the memory "${group}".`;
  const removed = counted([
    [outsideGraph.memos, 'cached model result'],
    [outsideGraph.cached, 'cached answer'],
  ]);
  return [
    `${dryRun ? 'Would mask' : 'Masked'} in the memory "${group}": ${places.join(', ')}.`,
    ...(number > 0
      ? [`${count(number, 'secret')}: ${secrets.map(([kind, some]) => `${some} ${kind}`).join(', ')}.`]
      : []),
    ...episodes.slice(0, MOST_LINES).map(({ uuid, name }) => `  episode  ${name || uuid}`),
    ...(episodes.length > MOST_LINES ? [`  … and ${episodes.length - MOST_LINES} more`] : []),
    ...(removed.length > 0 ? [`Also removed: ${removed.join(', ')}.`] : []),
    ...archiveSentences(archives, dryRun),
  ].join('\n');
}

function archiveSentences({ place, files, masking }: RedactResult['archives'], dryRun: boolean): string[] {
  if (place === null) return ['The location of the archives cannot be reached from here. Archives are not rewritten.'];
  const pending =
    masking === 'pending'
      ? [
          'The worker cannot reach the location of the archives. Do not restore an archive from there until a worker has recorded this there.',
        ]
      : [];
  if (files.length === 0) return pending;
  return [
    `${count(files.length, 'archive')} in ${place}, ${dryRun ? 'which stay as they are' : 'made before, may still hold them'}:`,
    ...files.slice(0, MOST_FILES).map((file) => `  ${file}`),
    ...(files.length > MOST_FILES ? [`  … and ${files.length - MOST_FILES} more`] : []),
    ...pending,
  ];
}

const counted = (places: readonly (readonly [number: number, one: string, many?: string])[]): string[] =>
  places.filter(([number]) => number > 0).map(([number, one, many]) => count(number, one, many));
