import { useSignal } from '@preact/signals';
import type { DeadLetter, Jobs } from '../src/page/schemas.ts';
import { call, sentenceOf, whileChanging } from './calls.ts';
import { Sentence } from './findings.tsx';
import { jobName } from './job-name.ts';
import { LetterActions } from './letter-actions.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { QueueHour } from './queue-hour.tsx';
import { addReceipt, type Receipt, Receipts } from './receipts.tsx';
import { hrefOf, Link } from './route.tsx';
import { isReadOnly } from './session.ts';
import { plural, Time } from './times.tsx';
import { WaitingJobs } from './waiting-jobs.tsx';

/** Waiting jobs, and failed jobs with their causes and buttons to replay and drop them. */
export function QueueScreen() {
  const state = useCall('deadLetters', {});
  return (
    <>
      <h1>Queue</h1>
      <Show loaded={state}>
        {({ store, export: exports, letters, isCut }) => (
          <>
            <table>
              <thead>
                <tr>
                  <th scope="col">Queue</th>
                  <th scope="col">Waiting</th>
                  <th scope="col">Active</th>
                  <th scope="col">Delayed</th>
                  <th scope="col">Failed</th>
                </tr>
              </thead>
              <tbody>
                <Counts name="Texts and tasks" jobs={store} />
                <Counts name="Exports" jobs={exports} />
              </tbody>
            </table>
            {openJobs(store, exports) > 0 && <WaitingJobs />}
            <h2>Failed jobs</h2>
            <Receipts
              kinds={['replay', 'drop']}
              more={(receipt) => replayState(receipt, letters, openJobs(store, exports))}
            />
            <ReplayAll count={store.failed + exports.failed} letters={letters} />
            {letters.length === 0 ? (
              <NoLetters open={openJobs(store, exports)} />
            ) : (
              <ul class="rows">
                {letters.map((letter) => (
                  <Letter key={letter.id} letter={letter} />
                ))}
              </ul>
            )}
            {isCut && (
              <p class="quiet">
                Only the latest are shown; <code>memory-manager dead-letter list</code> shows more.
              </p>
            )}
          </>
        )}
      </Show>
      <QueueHour />
    </>
  );
}

const openJobs = (...queues: readonly Jobs[]): number =>
  queues.reduce((sum, { waiting, active, delayed }) => sum + waiting + active + delayed, 0);

/** Open jobs can still fail, and so can replayed ones, so the heading counts the open jobs. */
const NoLetters = ({ open }: { open: number }) => (
  <Empty
    title={
      open === 0
        ? 'There are no failed jobs.'
        : `No failed jobs, while ${plural(open, 'job')} ${open === 1 ? 'waits or runs' : 'wait or run'}.`
    }
  >
    <p>
      A job that cannot succeed stays here with its reason until it is replayed or dropped. A replayed job that fails
      again comes back.
    </p>
  </Empty>
);

/** The outcome of replayed jobs as far as the queue shows it. */
function replayState({ kind, failedBefore = {} }: Receipt, letters: readonly DeadLetter[], open: number): string[] {
  if (kind !== 'replay') return [];
  const again = letters.filter(({ id, failedAt }) => failedBefore[id] !== undefined && failedBefore[id] !== failedAt);
  return [
    ...(again.length > 0 ? [`Failed again: ${plural(again.length, 'job')}, listed below with the new reason.`] : []),
    ...(open > 0
      ? [`In the queue, waiting or running: ${plural(open, 'job')}, replayed ones included.`]
      : again.length === 0
        ? ['Nothing waits, and none of them has failed again.']
        : []),
  ];
}

function Counts({ name, jobs: { waiting, active, delayed, failed } }: { name: string; jobs: Jobs }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {[waiting, active, delayed, failed].map((count, at) => (
        <td key={at}>{count.toLocaleString()}</td>
      ))}
    </tr>
  );
}

function Letter({ letter }: { letter: DeadLetter }) {
  const { id, queue, job, text, reason, attempts, failedAt } = letter;
  return (
    <li class="row">
      <p class="sentence clamp">
        <Link href={hrefOf(`/queue/${encodeURIComponent(id)}`, { queue: queue === 'export' ? queue : undefined })}>
          {text ?? jobName(letter)}
        </Link>
      </p>
      <p class="failed">
        <Sentence text={reason || 'No reason was recorded.'} />
      </p>
      <p class="meta">
        <span>
          failed <Time of={failedAt} />
        </span>
        <span>{plural(attempts, 'attempt')}</span>
        {text !== null && <span>{jobName(letter)}</span>}
        <code class="clip">{id}</code>
      </p>
      <LetterActions id={id} queue={queue} job={job} failedAt={failedAt} />
    </li>
  );
}

const failuresOf = (letters: readonly DeadLetter[]) =>
  Object.fromEntries(letters.map(({ id, failedAt }) => [id, failedAt]));

/** One button for all jobs, since an outage makes many fail for the same reason. */
function ReplayAll({ count, letters }: { count: number; letters: readonly DeadLetter[] }) {
  const isAsking = useSignal(false);
  const failure = useSignal('');
  if (isReadOnly.value || count < 2) return null;
  const replay = async () => {
    try {
      const { jobs } = await whileChanging(() => call('replayAll', {}));
      addReceipt({
        kind: 'replay',
        done: `${plural(jobs, 'failed job')} put back into the queue.`,
        left: [],
        failedBefore: failuresOf(letters),
      });
    } catch (error) {
      failure.value = sentenceOf(error);
    }
    isAsking.value = false;
  };
  return (
    <p class="buttons">
      {isAsking.value ? (
        <>
          <button type="button" onClick={() => void replay()}>
            Replay all {count.toLocaleString()}
          </button>
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>
            Not now
          </button>
        </>
      ) : (
        <button type="button" onClick={() => (isAsking.value = true)}>
          Replay all…
        </button>
      )}
      {failure.value !== '' && (
        <span class="warning" role="alert">
          {failure.value}
        </span>
      )}
    </p>
  );
}
