import { useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Archive, ArchiveWork, Reply } from '../src/page/schemas.ts';
import { call, freshness, refresh, sentenceOf } from './calls.ts';
import { FindingList } from './findings.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { group } from './route.tsx';
import type { Finding } from './sentences.ts';
import { isReadOnly } from './session.ts';
import { bytes, duration, plural, Time } from './times.tsx';

/** The archives of the memory, what their checks and restore tests showed, and the progress of work on them. */
export function ArchivesScreen() {
  const archives = useCall('archives', { group: group.value });
  const { work, failure, refused, start } = useArchiveWork();
  const isBusy = work?.state === 'running';
  /** Progress is shown below its archive, because the list may be long. The progress of an export is shown above the list. */
  const place = failure === '' ? work?.file : refused;
  return (
    <>
      <h1>Archives</h1>
      <Show loaded={archives}>
        {(reply) => (
          <>
            <FindingList findings={archiveFindings(reply)} />
            {isReadOnly.value ? (
              <p class="quiet">This page was started with --read-only.</p>
            ) : (
              <p class="buttons">
                <button type="button" disabled={isBusy} onClick={() => start('export')}>
                  Export now
                </button>
              </p>
            )}
            {!reply.archives.some(({ file }) => file === place) && <Work work={work} failure={failure} />}
            {reply.problem === null && (
              <List reply={reply} isBusy={isBusy} onStart={start}>
                {(file) => file === place && <Work work={work} failure={failure} />}
              </List>
            )}
          </>
        )}
      </Show>
    </>
  );
}

const POLL_MS = 500;

/** The server does the work and keeps only the latest piece, so every tab shows the same progress. */
function useArchiveWork() {
  const work = useSignal<ArchiveWork | null>(null);
  const failure = useSignal('');
  const refused = useSignal('');
  const asked = useSignal(0);
  useSignalEffect(() => {
    void freshness.value;
    void asked.value;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leaving = new AbortController();
    const ask = async () => {
      try {
        const reply = await call('archiveWork', {}, leaving.signal);
        const hasEnded = work.peek()?.state === 'running' && reply.work?.state !== 'running';
        work.value = reply.work;
        if (hasEnded) refresh();
        else if (reply.work?.state === 'running') timer = setTimeout(ask, POLL_MS);
      } catch {
        // The list of archives shows the error. `freshness` repeats the call once the server answers.
      }
    };
    void ask();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  });
  const start = async (kind: ArchiveWork['kind'], file?: string) => {
    failure.value = '';
    try {
      work.value = (await call('startArchiveWork', { group: group.value, kind, file })).work;
    } catch (error) {
      failure.value = sentenceOf(error);
      refused.value = file ?? '';
    }
    asked.value += 1;
  };
  return {
    work: work.value,
    failure: failure.value,
    refused: refused.value,
    start: (kind: ArchiveWork['kind'], file?: string) => void start(kind, file),
  };
}

const DOING = { export: 'Exporting', verify: 'Verifying', restoreTest: 'Testing the restore of' } as const;

function Work({ work, failure }: { work: ArchiveWork | null; failure: string }) {
  if (failure !== '')
    return (
      <p class="warning" role="alert">
        {failure}
      </p>
    );
  if (work === null) return null;
  const subject = work.file || `the memory “${work.group}”`;
  if (work.state === 'running') {
    const percent = Math.floor(work.share * 100);
    return (
      <div class="notice work">
        <label for="progress">
          {DOING[work.kind]} {subject}: {percent} %
        </label>
        <progress id="progress" max="100" value={percent} />
      </div>
    );
  }
  return (
    <p class={work.state === 'failed' ? 'notice problem' : 'notice'} role="status">
      {work.message}
    </p>
  );
}

function List({
  reply: { place, archives, isCut, incomplete, locked, canExport },
  isBusy,
  onStart,
  children,
}: {
  reply: Reply<'archives'>;
  isBusy: boolean;
  onStart: (kind: 'verify' | 'restoreTest', file: string) => void;
  /** What is shown below an archive. */
  children: (file: string) => ComponentChildren;
}) {
  return (
    <section>
      <h2>In {place}</h2>
      {archives.length === 0 ? (
        <Empty title="There are no archives of this memory.">
          <p>
            {canExport ? (
              'Press “Export now” to make the first one.'
            ) : (
              <>
                No running worker exports. Start one with <code>memory-manager up</code>, then press “Export now”.
              </>
            )}
          </p>
        </Empty>
      ) : (
        <ul class="rows">
          {archives.map((archive) => (
            <Row key={archive.file} archive={archive} isBusy={isBusy} onStart={onStart}>
              {children(archive.file)}
            </Row>
          ))}
        </ul>
      )}
      {isCut && (
        <p class="quiet">
          Only the latest are shown; <code>memory-manager archive list</code> shows all.
        </p>
      )}
      {locked > 0 && (
        <p class="quiet">
          {plural(locked, 'encrypted archive')} cannot be opened with the keys of <code>MEMORY_ARCHIVE_KEY</code>.
        </p>
      )}
      {incomplete > 0 && (
        <p class="quiet">{plural(incomplete, 'file')} there belong to exports that run or were interrupted.</p>
      )}
    </section>
  );
}

function Row({
  archive: { file, createdAt, restoredAt, verifiedAt, ...archive },
  isBusy,
  onStart,
  children,
}: {
  archive: Archive;
  isBusy: boolean;
  onStart: (kind: 'verify' | 'restoreTest', file: string) => void;
  children: ComponentChildren;
}) {
  return (
    <li class="row">
      <p class="sentence">{file}</p>
      <p class="meta">
        <span>
          <Time of={createdAt} />, {duration(Date.now() - Date.parse(createdAt))} old
        </span>
        <span>{bytes(archive.bytes)}</span>
        <span>
          {plural(archive.episodes, 'episode')}, {plural(archive.facts, 'fact')}
        </span>
        {restoredAt !== null ? (
          <span class="held">
            restore test passed <Time of={restoredAt} />
          </span>
        ) : verifiedAt !== null ? (
          <span class="held">
            verified <Time of={verifiedAt} />
          </span>
        ) : (
          <span class="waits">not verified</span>
        )}
      </p>
      {!isReadOnly.value && (
        <p class="buttons">
          <button type="button" disabled={isBusy} aria-label={`Verify ${file}`} onClick={() => onStart('verify', file)}>
            Verify
          </button>
          <button
            type="button"
            class="plain"
            disabled={isBusy}
            aria-label={`Test the restore of ${file}`}
            onClick={() => onStart('restoreTest', file)}
          >
            Test the restore
          </button>
        </p>
      )}
      {children}
    </li>
  );
}

const OLD_MS = 3 * 86_400_000;

function archiveFindings({
  problem,
  archives,
  restoreTest,
  failedTest,
  nextExport,
  canExport,
}: Reply<'archives'>): Finding[] {
  const [latest] = archives;
  const age = latest && Date.now() - Date.parse(latest.createdAt);
  return [
    ...(problem !== null
      ? [
          {
            kind: 'bad' as const,
            text: problem,
            remedy: 'Set MEMORY_EXPORT_DIR, or all of B2_BUCKET, B2_KEY_ID and B2_APP_KEY, and start the page again.',
          },
        ]
      : []),
    ...(failedTest
      ? [
          {
            kind: 'bad' as const,
            text: `${failedTest.file} failed its restore test ${duration(failedTest.ageMs)} ago: ${failedTest.error}`,
            remedy: 'Export now, and test the restore of the new archive.',
          },
        ]
      : []),
    restoreTest
      ? {
          kind: restoreTest.ageMs > OLD_MS ? ('note' as const) : ('good' as const),
          text: `A restore was last proven ${duration(restoreTest.ageMs)} ago, with ${restoreTest.file}.`,
        }
      : {
          kind: 'note' as const,
          text: 'No archive of this memory has passed a restore test yet.',
          remedy:
            latest !== undefined
              ? 'The nightly export does one; here, “Test the restore” does.'
              : canExport
                ? 'Press “Export now” first. “Test the restore” is then beside the new archive.'
                : 'Start a worker that exports, with `memory-manager up`. Then press “Export now”.',
        },
    ...(age !== undefined
      ? [
          {
            kind: age > OLD_MS ? ('note' as const) : ('good' as const),
            text: `The latest archive is ${duration(age)} old.`,
          },
        ]
      : []),
    nextExport === null
      ? {
          kind: 'note' as const,
          text: 'No nightly export is planned: it is switched off, or no worker with the role scheduler has run yet.',
          remedy:
            'Workers export every memory at 3:00 UTC unless MEMORY_EXPORT_CRON of their settings says another time or off. Until then, export here.',
        }
      : {
          kind: 'good' as const,
          text: `The next nightly export begins in ${duration(Date.parse(nextExport) - Date.now())}.`,
        },
  ];
}
