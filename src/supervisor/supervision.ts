import { homeFolder } from '../home.ts';
import { oneLine, truncated } from '../text.ts';
import { ageText, DAY } from '../time.ts';
import { isOurProcess, readRunningFile, runningProcessNames } from './processes.ts';
import { type Failures, MAX_RESTARTS } from './restart-policy.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const LONGEST_REASON = 300;

export const PROCESS_LABELS = { worker: 'worker', valkey: 'Valkey', falkordb: 'FalkorDB' } as const;

/** The state of a home's supervisor. */
export interface Supervision {
  readonly isRunning: boolean;
  /** The latest failures of each process that has failed since `up`, and whether that process runs again. */
  readonly failures: readonly (Failures & {
    readonly process: (typeof PROCESS_LABELS)[keyof typeof PROCESS_LABELS];
    readonly isRunning: boolean;
  })[];
}

/** Undefined where `up` has started nothing. */
export async function supervisionOf(environment: Environment): Promise<Supervision | undefined> {
  const home = homeFolder(environment);
  const running = readRunningFile(home);
  if (running === undefined) return undefined;
  const failures = await Promise.all(
    runningProcessNames(running).map(async (part) => {
      const failure = running.failures[part];
      return (
        failure && { process: PROCESS_LABELS[part], isRunning: await isOurProcess(home, part, running), ...failure }
      );
    }),
  );
  return {
    isRunning: await isOurProcess(home, 'supervisor', running),
    failures: failures.filter((failure) => failure !== undefined),
  };
}

/** Notices, each a sentence with the command that helps; empty if no process has died in the last day. */
export function supervisionNotices({ isRunning, failures }: Supervision, now = Date.now()) {
  const off =
    'Processes that die are not restarted, because the supervisor is not running; `memory-manager up` starts one.';
  return [
    ...(isRunning ? [] : [{ isFault: false, text: off }]),
    ...failures
      .filter(({ gaveUp, at }) => gaveUp || now - at < DAY)
      .map((failure) => ({ isFault: failure.gaveUp, text: failureSentence(failure, now) })),
  ];
}

function failureSentence(
  { process, isRunning, count, at, reason, gaveUp }: Supervision['failures'][number],
  now: number,
): string {
  const why = truncated(oneLine(reason), LONGEST_REASON);
  if (gaveUp)
    return `${process} is not restarted any more, since it failed ${MAX_RESTARTS + 1} times in a row, the last time ${ageText(now - at)}: ${why}. Remove the cause, then run \`memory-manager up\`.`;
  return `${process} failed ${ageText(now - at)}${count > 1 ? ` (failure ${count} in a row)` : ''} and ${isRunning ? 'was' : 'will be'} restarted: ${why}.`;
}
