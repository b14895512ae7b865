import { useSignal } from '@preact/signals';
import type { Reply } from '../src/page/schemas.ts';
import { call } from './calls.ts';
import { useCall } from './loading.tsx';
import { type Panel, PreviewAndConfirm } from './preview-and-confirm.tsx';
import { group, hrefOf, Link } from './route.tsx';

type Preview = Reply<'previewPin'>;

/** Makes a standing rule from an episode: from a sentence that the user chooses, or from an agent's proposal. */
export function PinEpisode({ uuid, hasRules }: { uuid: string; hasRules: boolean }) {
  const input = { group: group.value, episode: uuid };
  return (
    <PreviewAndConfirm
      title="Pin as a rule"
      hint="Every session of an agent begins with the rules. Only you can make one."
      begin={hasRules ? 'Make another rule of this text' : 'Make a rule of this text'}
      look={(rule) => call('previewPin', { ...input, rule })}
      act={async ({ rule, fingerprint }: Preview) => {
        const pinned = await call('pin', { ...input, rule: rule ?? '', fingerprint });
        return { pinned, rule };
      }}
      done={({ pinned, rule }) => <Pinned pinned={pinned} rule={rule ?? ''} />}
    >
      {(panel) => (panel.preview.rule === null ? <Choice {...panel} /> : <RulePreview {...panel} />)}
    </PreviewAndConfirm>
  );
}

/** A rule that no worker has read yet is reloaded whenever the queue changes. */
function Pinned({ pinned, rule }: { pinned: Reply<'pin'>; rule: string }) {
  const waiting = pinned.isInForce ? undefined : { group: group.value, episode: pinned.episode };
  const isInForce = useCall('previewPin', waiting).data?.state === 'inForce' || pinned.isInForce;
  return (
    <div class="notice" role="status">
      <p>
        {isInForce
          ? 'New sessions begin with this rule: '
          : 'The rule is stored and waits for a worker, which `memory-manager up` starts: '}
        {isInForce ? <Link href={hrefOf(`/episodes/${encodeURIComponent(pinned.episode)}`)}>{rule}</Link> : rule}
      </p>
      <p class="quiet">To end the rule, open it and choose “Remove the rule”.</p>
    </div>
  );
}

const MOST = 300;

function Choice({ preview: { suggestions, outdated, preselected }, onChoose, onCancel }: Panel<Preview>) {
  const rule = useSignal(preselected ?? '');
  return (
    <form
      class="preview"
      onSubmit={(event) => {
        event.preventDefault();
        if (rule.value.trim() !== '') onChoose(rule.value.trim());
      }}
    >
      <label for="rule">The rule, in at most {MOST} characters</label>
      <textarea
        id="rule"
        rows={3}
        maxLength={MOST}
        value={rule.value}
        onInput={(event) => (rule.value = event.currentTarget.value)}
      />
      {preselected === null && outdated.length > 0 && (
        <p class="quiet">No sentence is filled in: a later text has ended each of them.</p>
      )}
      {(suggestions.length > 1 || outdated.length > 0) && (
        <p class="chips">
          {suggestions.map((sentence) => (
            <button type="button" key={sentence} class="chip" onClick={() => (rule.value = sentence)}>
              {sentence}
              {outdated.includes(sentence) && ' (outdated)'}
            </button>
          ))}
        </p>
      )}
      <p class="buttons">
        <button type="submit" disabled={rule.value.trim() === ''}>
          Show the rule
        </button>
        <button type="button" class="plain" onClick={onCancel}>
          Cancel
        </button>
      </p>
    </form>
  );
}

const CONFIRM = {
  pending: 'Confirm the rule',
  ended: 'Make it a rule again',
  text: 'Pin the rule',
  inForce: '',
} as const;

function RulePreview({ preview, warning, isBusy, onConfirm, onCancel }: Panel<Preview>) {
  const isInForce = preview.state === 'inForce';
  return (
    <div class="preview">
      {warning !== undefined && <p class="warning">{warning}</p>}
      <p>{isInForce ? 'This episode is a rule:' : 'Every new session would begin with:'}</p>
      <p class="rule">{preview.rule}</p>
      {preview.state === 'ended' && <p class="quiet">It was a rule until you removed it.</p>}
      {preview.state === 'pending' && <p class="quiet">An agent proposed it; nobody has confirmed it yet.</p>}
      {!isInForce && preview.ends.length > 0 && (
        <>
          <p>It would end:</p>
          <ul class="plain-list">
            {preview.ends.map((rule) => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        </>
      )}
      <p class="buttons">
        {!isInForce && (
          <button type="button" disabled={isBusy} onClick={() => onConfirm()}>
            {isBusy ? 'Waiting for a worker…' : CONFIRM[preview.state]}
          </button>
        )}
        <button type="button" class="plain" disabled={isBusy} onClick={onCancel}>
          {isInForce ? 'Close' : 'Cancel'}
        </button>
      </p>
    </div>
  );
}
