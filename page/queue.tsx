import { useSignal } from '@preact/signals';
import type { DeadLetter, Jobs } from '../src/page/schemas.ts';
import { call, refresh, sentenceOf } from './calls.ts';
import { LetterActions } from './letter-actions.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { QueueHour } from './queue-hour.tsx';
import { hrefOf, Link } from './route.tsx';
import { isReadOnly } from './session.ts';
import { plural, Time } from './times.tsx';

/** What waits, and why jobs failed, with replay and drop. */
export function QueueScreen() {
  const state = useCall('deadLetters', {});
  return (
    <>
      <h1>Queue</h1>
      <Show loaded={state}>
        {({ store, export: exports, letters, isCut, lastFailure }) => (
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
            {store.delayed > 0 && lastFailure !== null && (
              <p class="quiet">Delayed jobs wait for their next attempt. The latest failure: {lastFailure}</p>
            )}
            <h2>Failed jobs</h2>
            <ReplayAll count={store.failed + exports.failed} />
            {letters.length === 0 ? (
              <Empty title="No job has failed.">
                <p>A job that cannot succeed stays here with its reason until it is replayed or dropped.</p>
              </Empty>
            ) : (
              <ul class="rows">
                {letters.map((letter) => (
                  <Letter key={letter.id} letter={letter} />
                ))}
              </ul>
            )}
            {isCut && <p class="quiet">Only the latest are shown; `memory-manager dead-letter list` shows more.</p>}
          </>
        )}
      </Show>
      <QueueHour />
    </>
  );
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

function Letter({ letter: { id, queue, job, group, reason, attempts, failedAt } }: { letter: DeadLetter }) {
  return (
    <li class="row">
      <p class="sentence">
        <Link href={hrefOf(`/queue/${encodeURIComponent(id)}`, { queue: queue === 'export' ? queue : undefined })}>
          {reason || 'No reason was recorded.'}
        </Link>
      </p>
      <p class="meta">
        <span class="waits">
          failed <Time of={failedAt} />
        </span>
        <span>{plural(attempts, 'attempt')}</span>
        <span>
          {job}
          {group !== null && ` in ${group}`}
        </span>
        <code class="clip">{id}</code>
      </p>
      <LetterActions id={id} queue={queue} />
    </li>
  );
}

/** After an outage all failed jobs have the same cause. */
function ReplayAll({ count }: { count: number }) {
  const isAsking = useSignal(false);
  const failure = useSignal('');
  if (isReadOnly.value || count < 2) return null;
  const replay = async () => {
    try {
      await call('replayAll', {});
      refresh();
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
