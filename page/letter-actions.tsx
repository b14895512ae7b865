import { useSignal } from '@preact/signals';
import type { DeadLetter } from '../src/page/schemas.ts';
import { call, sentenceOf, whileChanging } from './calls.ts';
import { addReceipt } from './receipts.tsx';
import { goTo } from './route.tsx';
import { isReadOnly } from './session.ts';

const LOSES = 'Dropping removes the job, which can then not be replayed.';
const DROPPED = 'Its text stays stored and can be found, but no facts are drawn from it.';

/** Buttons to replay a job and, in two steps, to drop it. @param back the screen shown afterwards */
export function LetterActions({
  id,
  queue,
  job,
  failedAt,
  back,
}: Pick<DeadLetter, 'id' | 'queue' | 'job' | 'failedAt'> & { back?: string }) {
  const isDropping = useSignal(false);
  const failure = useSignal('');
  const isBusy = useSignal(false);
  const act = async (name: 'replay' | 'drop') => {
    isBusy.value = true;
    try {
      await whileChanging(async () => {
        await call(name, { id, queue });
        addReceipt(
          name === 'replay'
            ? {
                kind: 'replay',
                done: 'The job was put back into the queue.',
                left: [],
                failedBefore: { [id]: failedAt },
              }
            : { kind: 'drop', done: 'The job was dropped.', left: job === 'store' ? [DROPPED] : [] },
        );
        if (back !== undefined) goTo(back);
      });
    } catch (error) {
      failure.value = sentenceOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  if (isReadOnly.value) return null;
  return (
    <>
      {failure.value !== '' && (
        <p class="warning" role="alert">
          {failure.value}
        </p>
      )}
      <p class="buttons">
        <button type="button" disabled={isBusy.value} onClick={() => void act('replay')}>
          Replay
        </button>
        {isDropping.value ? (
          <>
            {/* First, so that a double click on "Drop…" keeps the job. */}
            <button type="button" class="plain" onClick={() => (isDropping.value = false)}>
              Keep it
            </button>
            <button type="button" class="danger" disabled={isBusy.value} onClick={() => void act('drop')}>
              Drop for good
            </button>
          </>
        ) : (
          <button type="button" class="plain" onClick={() => (isDropping.value = true)}>
            Drop…
          </button>
        )}
      </p>
      {isDropping.value && <p class="quiet">{job === 'store' ? `${LOSES} ${DROPPED}` : LOSES}</p>}
    </>
  );
}
