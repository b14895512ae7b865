import { useEffect, useRef } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { call, freshness } from './calls.ts';
import { goTo, group, hrefOf } from './route.tsx';
import { plural } from './times.tsx';
import { type Panel, TwoSteps } from './two-steps.tsx';

/** Forgets an episode, and then shows the list of episodes. */
export function ForgetEpisode({ uuid }: { uuid: string }) {
  const input = { group: group.value, episode: uuid };
  return (
    <TwoSteps
      title="Forget"
      hint="Removes this text and everything that only this text states, from every place that stores it."
      begin="Show what would be removed"
      look={() => call('previewForget', input)}
      act={async ({ fingerprint }) => {
        await call('forget', { ...input, fingerprint });
        goTo(hrefOf('/episodes'));
        freshness.value += 1;
      }}
    >
      {(panel) => <Preview {...panel} />}
    </TwoSteps>
  );
}

function Preview({ preview: { effects }, warning, isBusy, onCancel, onConfirm }: Panel<Reply<'previewForget'>>) {
  const { counts, keptFacts, reopenedFacts, maskedEpisodes } = effects;
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  return (
    <div class="preview">
      {warning !== undefined && <p class="warning">{warning}</p>}
      <p>
        Would be removed: {plural(counts.episodes, 'episode')}, {plural(counts.facts, 'fact')} and{' '}
        {plural(counts.entities, 'entity', 'entities')}.
      </p>
      <ul class="plain-list">
        {effects.facts.map(({ uuid, fact }) => (
          <li key={uuid}>{fact}</li>
        ))}
        {effects.entities.map(({ uuid, name }) => (
          <li key={uuid}>{name}</li>
        ))}
      </ul>
      {keptFacts > 0 && (
        <p class="quiet">{plural(keptFacts, 'fact')} would stay, because other episodes state the same.</p>
      )}
      {reopenedFacts > 0 && (
        <p class="quiet">{plural(reopenedFacts, 'fact')} would hold again, since only this text ended them.</p>
      )}
      {maskedEpisodes.length > 0 && (
        <p class="quiet">{plural(counts.maskedEpisodes, 'other episode')} would lose sentences that say the same.</p>
      )}
      <p class="buttons">
        <button type="button" class="danger" disabled={isBusy} onClick={() => onConfirm()}>
          {isBusy ? 'Forgetting…' : 'Forget for good'}
        </button>
        <button type="button" class="plain" ref={cancel} disabled={isBusy} onClick={onCancel}>
          Keep it
        </button>
      </p>
    </div>
  );
}
