import type { ForgetGroupResult } from '../memory/forget-group.ts';
import type { MemoryManager } from '../memory.ts';
import { timeText } from '../time.ts';
import type { CommandCall } from './command.ts';
import { confirmWithUser } from './terminal/ask-user.ts';
import { count } from './terminal/output.ts';

/** `forget --group <name>` without anything else: shows what the memory holds, asks, and forgets all of it. */
export async function forgetGroup(memory: MemoryManager, call: CommandCall, group: string): Promise<number> {
  const deleteArchives = call.flag('delete-archives');
  const planned = await memory.forgetGroup(group, { dryRun: true, deleteArchives });
  if (call.flag('dry-run')) {
    console.log(call.json ? JSON.stringify(planned) : planSentences(planned, deleteArchives));
    return 0;
  }
  if (!call.json) console.error(planSentences(planned, deleteArchives));
  const question = `Forget the memory "${group}"? This cannot be undone.`;
  if (!(await confirmWithUser(call, question, 'Nothing was forgotten', 'to forget this memory'))) return 1;
  const forgotten = await memory.forgetGroup(group, { deleteArchives, ...call.timeoutOption });
  console.log(call.json ? JSON.stringify(forgotten) : receipt(forgotten));
  return 0;
}

function planSentences(planned: ForgetGroupResult, deleteArchives: boolean): string {
  return [
    `The memory "${planned.group}" holds ${contents(planned)}.`,
    ...elsewhere('Outside the graph', planned),
    ...archiveSentences(
      planned,
      deleteArchives ? 'Archives that would be deleted' : 'Archives that would stay',
      !deleteArchives,
    ),
  ].join('\n');
}

function receipt(forgotten: ForgetGroupResult): string {
  const { group, archives, forgottenAt } = forgotten;
  return [
    `Forgotten: the memory "${group}", with ${contents(forgotten)} (${forgottenAt ? timeText(forgottenAt) : ''}).`,
    ...elsewhere('Also removed', forgotten),
    ...archiveSentences(forgotten, archives.isDeleted ? 'Deleted archives' : 'Archives that stay', !archives.isDeleted),
    ...(archives.deletion === 'pending'
      ? [
          'The location of the archives cannot be reached. Do not restore an archive from there until a worker has recorded this deletion in it.',
        ]
      : []),
  ].join('\n');
}

const contents = ({ episodes, entities, facts }: ForgetGroupResult): string =>
  `${count(episodes, 'episode')}, ${count(entities, 'entity', 'entities')} and ${count(facts, 'fact')}`;

function elsewhere(title: string, { outsideGraph }: ForgetGroupResult): string[] {
  const places = [
    [outsideGraph.jobs, 'job'],
    [outsideGraph.spooled, 'spooled episode'],
    [outsideGraph.journal, 'journal entry', 'journal entries'],
    [outsideGraph.memos, 'cached model result'],
    [outsideGraph.cached, 'cached answer'],
    [outsideGraph.scratchGraphs, 'scratch graph'],
  ] as const;
  const counts = places.filter(([number]) => number > 0).map(([number, one, many]) => count(number, one, many));
  return counts.length > 0 ? [`${title}: ${counts.join(', ')}.`] : [];
}

const MOST_FILES = 20;

/** @param title of the list of archives, without their place */
function archiveSentences({ group, archives }: ForgetGroupResult, title: string, isKept: boolean): string[] {
  const { place, files, incomplete } = archives;
  if (place === null)
    return ['The location of the archives cannot be reached from here. The archives of the memory stay.'];
  const unfinished = incomplete.slice(0, MOST_FILES).join(', ');
  return [
    ...(files.length > 0 ? [`${title} in ${place}:`] : []),
    ...files.slice(0, MOST_FILES).map((file) => `  ${file}`),
    ...(files.length > MOST_FILES ? [`  … and ${files.length - MOST_FILES} more`] : []),
    ...(files.length > 0 && isKept
      ? [`To delete the archives too: memory-manager forget --group ${group} --delete-archives`]
      : []),
    ...(incomplete.length > 0
      ? [`${count(incomplete.length, 'unfinished export')} there may be of this memory: ${unfinished}`]
      : []),
  ];
}
