import { useEffect, useRef } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { call } from './calls.ts';
import { type Panel, PreviewAndConfirm } from './preview-and-confirm.tsx';
import { addReceipt } from './receipts.tsx';
import { goTo, group, hrefOf, Link } from './route.tsx';
import { plural } from './times.tsx';

type PreviewReply = Reply<'previewForget'>;

/**
 * Forgets an episode, then shows the list of episodes with a receipt.
 * @param begun a counter; the preview opens when it becomes larger than 0 and each time it increases
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
        // The receipt belongs to the screen that follows, and goes when the user leaves it.
        goTo(hrefOf('/episodes'));
        addReceipt({
          kind: 'forget',
          done: `Forgotten for good: ${removed(effects)}.`,
          left: [...remains(effects), ...archiveLines(archives)],
        });
      }}
    >
      {(panel) => <Preview {...panel} />}
    </PreviewAndConfirm>
  );
}

const removed = ({ counts }: PreviewReply['effects']): string =>
  `${plural(counts.episodes, 'episode')}, ${plural(counts.facts, 'fact')} and ${plural(counts.entities, 'entity', 'entities')}`;

/** Sentences about content that stays in the memory. */
function remains({ keptFacts, counts }: PreviewReply['effects']): string[] {
  return [
    ...(keptFacts > 0 ? [`Kept, because other episodes state the same: ${plural(keptFacts, 'fact')}.`] : []),
    ...(counts.reopened > 0
      ? [`Current again, because only this text had ended them: ${plural(counts.reopened, 'fact')}.`]
      : []),
  ];
}

/** Archives still contain the forgotten text, because they are not rewritten. These lines say so and give the remedy. */
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

function Preview({ preview, warning, isBusy, onCancel, onConfirm }: Panel<PreviewReply>) {
  const { effects, archives, text, isCut, rules } = preview;
  const { counts, keptFacts, maskedEpisodes } = effects;
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  return (
    <div class="preview forgetting">
      {warning !== undefined && <p class="warning">{warning}</p>}
      <p>Would be removed: {removed(effects)}.</p>
      <h3>The text</h3>
      <blockquote class="goes said">
        {text}
        {isCut && '…'}
      </blockquote>
      {rules.length > 0 && <Part title="Rules that would end" items={rules} />}
      <Part
        title="Facts that only this text states"
        items={effects.facts.map(({ fact }) => fact)}
        count={counts.facts}
      />
      <Part
        title="Entities that nothing else mentions"
        items={effects.entities.map(({ name }) => name)}
        count={counts.entities}
      />
      <Part
        title="Would hold again, since only this text ended it"
        items={effects.reopened.map(({ fact }) => fact)}
        count={counts.reopened}
        isBack
      />
      <Part
        title="Would stay, because other texts state it too"
        items={effects.kept.map(({ fact }) => fact)}
        count={keptFacts}
        isBack
      />
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

/** One list of the preview: deleted, kept or restored items. */
function Part(props: { title: string; items: readonly string[]; count?: number; isBack?: boolean }) {
  const { title, items, count = items.length, isBack = false } = props;
  if (items.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class={isBack ? 'plain-list back' : 'plain-list'}>
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
      {count > items.length && <p class="quiet">and {(count - items.length).toLocaleString()} more</p>}
    </>
  );
}
