import { useSignal } from '@preact/signals';
import type { DeadLetter } from '../src/page/schemas.ts';
import { call, refresh, sentenceOf } from './calls.ts';
import { goTo } from './route.tsx';
import { isReadOnly } from './session.ts';

/** Replay and, in two steps, drop. @param back where to go after either */
export function LetterActions({ id, queue, back }: Pick<DeadLetter, 'id' | 'queue'> & { back?: string }) {
  const isDropping = useSignal(false);
  const failure = useSignal('');
  const isBusy = useSignal(false);
  const act = async (name: 'replay' | 'drop') => {
    isBusy.value = true;
    try {
      await call(name, { id, queue });
      if (back !== undefined) goTo(back);
      refresh();
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
            <button type="button" class="danger" disabled={isBusy.value} onClick={() => void act('drop')}>
              Drop for good
            </button>
            <button type="button" class="plain" onClick={() => (isDropping.value = false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" class="plain" onClick={() => (isDropping.value = true)}>
            Drop…
          </button>
        )}
      </p>
    </>
  );
}
