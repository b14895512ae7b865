import type { ForgetGroupResult } from '../memory/forget-group.ts';
import type { MemoryManager } from '../memory.ts';
import { MINUTE } from '../time.ts';
import { PreviewOutdatedError, WrongNameError } from './conflicts.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PageContext } from './handlers.ts';
import { type EraseContents, OPERATION_LIMITS } from './operation-shapes.ts';
import type { CallInput } from './schemas.ts';

const TIME_LIMIT = 10 * MINUTE;
/** Only the uuids of this many latest episodes are compared; older episodes only count. */
const COMPARED = 100;

export async function previewErase({ memory }: PageContext, { name }: CallInput<'previewErase'>) {
  const { planned, fingerprint } = await plan(memory, name);
  return { contents: shown(planned), fingerprint };
}

/**
 * Removes a whole memory if it still contains what the preview showed. Its archives stay.
 * @throws WrongNameError, PreviewOutdatedError; what `MemoryManager.forgetGroup` throws
 */
export async function eraseMemory({ memory }: PageContext, { name, typed, fingerprint }: CallInput<'erase'>) {
  if (typed !== name) throw new WrongNameError(`Type the name of the memory, "${name}", exactly as it is.`);
  if ((await plan(memory, name)).fingerprint !== fingerprint) throw new PreviewOutdatedError();
  return { contents: shown(await memory.forgetGroup(name, { timeoutMs: TIME_LIMIT })) };
}

async function plan(memory: MemoryManager, name: string) {
  const planned = await memory.forgetGroup(name, { dryRun: true });
  const latest = await memory.episodes.list({ group: name, limit: COMPARED });
  const { episodes, entities, facts, outsideGraph, archives } = planned;
  // Jobs are not compared, because they come and go without a change of the memory.
  const counts = [episodes, entities, facts, outsideGraph.spooled, outsideGraph.journal];
  return { planned, fingerprint: fingerprintOf([counts, archives.files, latest.map(({ uuid }) => uuid)]) };
}

const ELSEWHERE = ['jobs', 'spooled', 'journal', 'memos', 'cached', 'scratchGraphs'] as const;

function shown({ group, episodes, entities, facts, outsideGraph, archives }: ForgetGroupResult): EraseContents {
  return {
    ...{ group, episodes, entities, facts },
    elsewhere: ELSEWHERE.map((what) => ({ what, count: outsideGraph[what] })).filter(({ count }) => count > 0),
    archives: {
      place: archives.place,
      files: archives.files.slice(0, OPERATION_LIMITS.archives),
      count: archives.files.length,
      isRecorded: archives.deletion !== 'pending',
    },
  };
}
