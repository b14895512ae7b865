import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { EraseContents, Reply } from '../src/page/schemas.ts';
import { call } from './calls.ts';
import { Show, useCall } from './loading.tsx';
import { memoryName } from './memory-name.ts';
import { type Panel, PreviewAndConfirm } from './preview-and-confirm.tsx';
import { hrefOf, Link } from './route.tsx';
import { costInWords } from './sentences.ts';
import { plural } from './times.tsx';

/** One memory, its growth, and its erasure, which the user confirms by typing the name. */
export function MemoryScreen({ name }: { name: string }) {
  return (
    <>
      <p class="crumb">
        <Link href={hrefOf('/memories')}>Memories</Link>
      </p>
      <h1>{memoryName(name)}</h1>
      <p>
        <Link href={`/now?memory=${encodeURIComponent(name)}`}>Show this memory on every screen</Link>
      </p>
      <Growth name={name} />
      <PreviewAndConfirm
        title="Erase"
        hint="Removes the whole memory from every place that stores it. Its archives stay."
        begin="Show what would be erased"
        look={() => call('previewErase', { name })}
        act={async ({ fingerprint }, typed = '') => {
          const { contents } = await call('erase', { name, typed, fingerprint });
          return contents;
        }}
        done={(contents) => <Receipt contents={contents} />}
      >
        {(panel) => <Preview {...panel} />}
      </PreviewAndConfirm>
    </>
  );
}

const WEEK_MS = 7 * 86_400_000;

function Growth({ name }: { name: string }) {
  const since = useMemo(() => new Date(Date.now() - WEEK_MS).toISOString(), []);
  const week = useCall('spending', { group: name, since });
  return (
    <Show loaded={week} lines={1}>
      {({ episodes, cost }) => (
        <p>
          {episodes === 0
            ? 'No text was added in the last seven days.'
            : `${plural(episodes, 'text')} ${episodes === 1 ? 'was' : 'were'} added in the last seven days; reading cost ${costInWords(cost)}.`}
        </p>
      )}
    </Show>
  );
}

function Preview({ preview: { contents }, warning, isBusy, onCancel, onConfirm }: Panel<Reply<'previewErase'>>) {
  const typed = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="preview"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.value === contents.group) onConfirm(typed.value);
      }}
    >
      {warning !== undefined && <p class="warning">{warning}</p>}
      <p>Would be erased: {inWords(contents)}.</p>
      {contents.elsewhere.length > 0 && <p class="quiet">Outside the graph: {elsewhereInWords(contents)}.</p>}
      <ArchiveNote contents={contents} />
      <label for="typed">
        Type <code>{contents.group}</code> to erase it
      </label>
      <input
        id="typed"
        ref={field}
        autocomplete="off"
        spellcheck={false}
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      <p class="buttons">
        <button type="submit" class="danger" disabled={isBusy || typed.value !== contents.group}>
          {isBusy ? 'Erasing…' : 'Erase for good'}
        </button>
        <button type="button" class="plain" disabled={isBusy} onClick={onCancel}>
          Keep it
        </button>
      </p>
    </form>
  );
}

function Receipt({ contents }: { contents: EraseContents }) {
  return (
    <div class="notice" role="status">
      <p>
        Erased: the memory “{contents.group}”, with {inWords(contents)}.
      </p>
      {contents.elsewhere.length > 0 && <p class="quiet">Also removed: {elsewhereInWords(contents)}.</p>}
      <ArchiveNote contents={contents} />
      {!contents.archives.isRecorded && (
        <p class="warning">
          The location of the archives cannot be reached. Do not restore an archive from there until a worker has
          recorded this deletion in it.
        </p>
      )}
      <p>
        <Link href="/memories">All memories</Link>
      </p>
    </div>
  );
}

function ArchiveNote({ contents: { group, archives } }: { contents: EraseContents }) {
  const { place, files, count } = archives;
  if (place === null)
    return <p class="quiet">The location of the archives cannot be reached. The archives of the memory stay.</p>;
  if (count === 0) return <p class="quiet">There are no archives of it in {place}.</p>;
  return (
    <details>
      <summary>
        {plural(count, 'archive')} in {place} {count === 1 ? 'stays' : 'stay'}
      </summary>
      <ul class="plain-list">
        {files.map((file) => (
          <li key={file}>{file}</li>
        ))}
      </ul>
      <p class="quiet">
        To delete them too: <code>memory-manager forget --group {group} --delete-archives</code>
      </p>
    </details>
  );
}

const inWords = ({ episodes, entities, facts }: EraseContents): string =>
  `${plural(episodes, 'episode')}, ${plural(entities, 'entity', 'entities')} and ${plural(facts, 'fact')}`;

const WORDS = {
  jobs: ['job', 'jobs'],
  spooled: ['spooled episode', 'spooled episodes'],
  journal: ['journal entry', 'journal entries'],
  memos: ['stored model result', 'stored model results'],
  cached: ['cached answer', 'cached answers'],
  scratchGraphs: ['scratch graph', 'scratch graphs'],
} as const;

const elsewhereInWords = ({ elsewhere }: EraseContents): string =>
  elsewhere.map(({ what, count }) => plural(count, WORDS[what][0], WORDS[what][1])).join(', ');
