import { useSignal } from '@preact/signals';
import { call, sentenceOf, whileChanging } from './calls.ts';
import { group } from './route.tsx';
import { isReadOnly } from './session.ts';

/** The rules of an episode, each with a button that ends it. There is no confirmation, because the text stays and can become a rule again. */
export function RulesOfEpisode({ uuid, rules }: { uuid: string; rules: readonly string[] }) {
  const removed = useSignal<readonly string[]>([]);
  const busy = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const remove = async (rule: string) => {
    [busy.value, problem.value] = [rule, undefined];
    try {
      await whileChanging(() => call('unpin', { group: group.value, episode: uuid, rule }));
      removed.value = [...removed.value, rule];
    } catch (error) {
      problem.value = sentenceOf(error);
    }
    busy.value = undefined;
  };
  return (
    <div aria-live="polite">
      {rules.map((rule) => (
        <div class="notice in-force" key={rule}>
          <p>
            <span class="chip rule-mark">rule</span> Every session of an agent begins with:
          </p>
          <p class="rule">{rule}</p>
          {isReadOnly.value ? (
            <p class="quiet">This page was started with --read-only.</p>
          ) : (
            <button type="button" disabled={busy.value !== undefined} onClick={() => void remove(rule)}>
              {busy.value === rule ? 'Waiting for a worker…' : 'Remove the rule'}
            </button>
          )}
        </div>
      ))}
      {removed.value
        .filter((rule) => !rules.includes(rule))
        .map((rule) => (
          <p class="notice" role="status" key={rule}>
            New sessions no longer begin with “{rule}”. The text stays; “Make a rule of this text” below brings the rule
            back.
          </p>
        ))}
      {problem.value !== undefined && (
        <p class="notice problem" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}
