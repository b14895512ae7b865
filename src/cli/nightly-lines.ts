import type { NightlyStatus, ValkeyStatus } from '../memory/status.ts';
import { oneLine, shortened } from '../text.ts';
import { count } from './count.ts';

const LONGEST = 200;

/** The lines of `status` about nightly archives. */
export function nightlyLines({ nightly, alive }: Pick<ValkeyStatus, 'nightly' | 'alive'>): string[] {
  const { verified, failed, oldest } = nightly;
  const isKept = alive.some(({ roles }) => roles.includes('scheduler'));
  return [
    `Nightly  ${isKept ? next(nightly) : 'no worker keeps the schedule (role scheduler)'}${last(nightly)}`,
    verified ? `Archive  restore test passed ${ago(verified.age)}: ${verified.file}` : 'Archive  no restore test yet',
    ...(failed ? [`Archive  cannot be restored: ${failed.file}: ${shortened(oneLine(failed.said), LONGEST)}`] : []),
    ...(oldest && oldest.age > (verified?.age ?? 0)
      ? [`Archive  oldest restore test of all memories: "${oldest.group}", ${ago(oldest.age)}`]
      : []),
  ];
}

const next = ({ next }: NightlyStatus): string => (next ? `next at ${time(next)}` : 'off (MEMORY_EXPORT_CRON)');

function last({ last }: NightlyStatus): string {
  // The first start only records the time from which the schedule counts.
  return last?.outcome ? `; last at ${time(last.tick)}: ${outcomeOf(last.outcome)}` : '';
}

function outcomeOf({
  said: reason,
  groups,
  done,
  failed,
}: NonNullable<NonNullable<NightlyStatus['last']>['outcome']>): string {
  if (reason !== undefined) return `failed: ${shortened(oneLine(reason), LONGEST)}`;
  const open = groups - done - failed;
  const parts = [
    `${done} of ${count(groups, 'memory', 'memories')} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(open > 0 ? [`${open} in progress`] : []),
  ];
  return parts.join(', ');
}

const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** `40 s ago`, `5 h ago`, `3 days ago`. */
function ago(seconds: number): string {
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (minutes < 2) return `${seconds} s ago`;
  if (hours < 2) return `${minutes} min ago`;
  return days < 2 ? `${hours} h ago` : `${days} days ago`;
}
