import type { DeadLetter } from '../src/page/schemas.ts';
import { memoryName } from './memory-name.ts';

const NAMES: Readonly<Record<string, string>> = {
  store: 'a text',
  task: 'a task',
  export: 'an export',
  nightly: 'the nightly exports',
};

/** A job's task and memory: `a text in harbor`, `the task “forget” in harbor`. */
export function jobName({ job, group }: Pick<DeadLetter, 'job' | 'group'>): string {
  return `${NAMES[job] ?? `the task “${job}”`}${group === null ? '' : ` ${job === 'export' ? 'of' : 'in'} ${memoryName(group)}`}`;
}
