import { useEffect, useRef } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { call } from './calls.ts';
import { type Panel, PreviewAndConfirm } from './preview-and-confirm.tsx';
import { addReceipt } from './receipts.tsx';
import { goTo, group, hrefOf, Link } from './route.tsx';
import { plural } from './times.tsx';

type PreviewReply = Reply<'previewForget'>;

/**
 * Forgets an episode, and then shows the list of episodes with a receipt.
 * @param begun has the preview shown once it is above 0, and again when it grows
 */
export function ForgetEpisode({ uuid, begun }: { uuid: string; begun: number }) {
  const input = { group: group.value, episode: uuid };
  return (
    <PreviewAndConfirm
      title="Forget"
      hint="Removes this text and everything that only this text states, except from archives: the preview names those."
      begin="Show what would be removed"
      begun={begun}
      look={() => call('previewForget', input)}
      act={async ({ fingerprint, archives }) => {
        const { effects } = await call('forget', { ...input, fingerprint });
        addReceipt({
          kind: 'forget',
          done: `Forgotten for good: ${removed(effects)}.`,
          left: [...remains(effects), ...archiveLines(archives)],
        });
        goTo(hrefOf('/episodes'));
      }}
    >
      {(panel) => <Preview {...panel} />}
    </PreviewAndConfirm>
  );
}

const removed = ({ counts }: PreviewReply['effects']): string =>
  `${plural(counts.episodes, 'episode')}, ${plural(counts.facts, 'fact')} and ${plural(counts.entities, 'entity', 'entities')}`;

/** What stays in the memory. */
function remains({ keptFacts, reopenedFacts }: PreviewReply['effects']): string[] {
  return [
    ...(keptFacts > 0 ? [`Kept, because other episodes state the same: ${plural(keptFacts, 'fact')}.`] : []),
    ...(reopenedFacts > 0
      ? [`Current again, because only this text had ended them: ${plural(reopenedFacts, 'fact')}.`]
      : []),
  ];
}

/** Archives are not rewritten: what that means, and what to do about it. */
function archiveLines({ group: name, place, count, isCut }: PreviewReply['archives']): string[] {
  if (place === null)
    return [
      'This page cannot see the archives of this memory. Archives that were made since this text was stored still contain it; a restore leaves it out.',
    ];
  if (count === 0) return [`No archive in ${place} contains this text.`];
  return [
    `${isCut ? 'At least ' : ''}${plural(count, 'archive')} in ${place} still ${count === 1 ? 'contains' : 'contain'} this text. A restore leaves it out, but the ${count === 1 ? 'file keeps' : 'files keep'} the words.`,
    `To delete them there too: export now and test that restore on the screen Archives, then run memory-manager archive prune --group ${name} --keep daily=1 --all, which removes all older archives.`,
  ];
}

function Preview({ preview: { effects, archives }, warning, isBusy, onCancel, onConfirm }: Panel<PreviewReply>) {
  const { counts, keptFacts, reopenedFacts, maskedEpisodes } = effects;
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  return (
    <div class="preview">
      {warning !== undefined && <p class="warning">{warning}</p>}
      <p>Would be removed: {removed(effects)}.</p>
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
      <div class="aftermath">
        <h3>Archives</h3>
        {archiveLines(archives).map((line) => (
          <p class="quiet" key={line}>
            {line}
          </p>
        ))}
        {archives.count > 0 && (
          <p class="quiet">
            <Link href={hrefOf('/archives')}>See the archives</Link>
          </p>
        )}
      </div>
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
