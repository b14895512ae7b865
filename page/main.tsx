import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ArchivesScreen } from './archives.tsx';
import { AskScreen } from './ask.tsx';
import { connection, followLiveUpdates, freshness } from './calls.ts';
import { EntitiesScreen } from './entities.tsx';
import { EntityScreen } from './entity.tsx';
import { EpisodeScreen } from './episode.tsx';
import { EpisodesScreen } from './episodes.tsx';
import { JobScreen } from './job.tsx';
import { isHelpOpen, KeyHelp, listenToKeys, SCREENS } from './keys.tsx';
import { Empty } from './loading.tsx';
import { MemoriesScreen } from './memories.tsx';
import { MemoryScreen } from './memory.tsx';
import { memoryName } from './memory-name.ts';
import { NowScreen } from './now.tsx';
import { QueueScreen } from './queue.tsx';
import { group, hrefOf, Link, path } from './route.tsx';
import { isReadOnly, openSession, session } from './session.ts';
import { SessionScreen, SessionsScreen } from './sessions.tsx';
import { readStored, writeStored } from './storage.ts';
import { TimelineScreen } from './timeline.tsx';
import { findToken } from './token.ts';

const theme = signal(readStored('localStorage', 'memory-manager theme') ?? 'auto');
const THEMES = ['auto', 'light', 'dark'];

function setTheme(chosen: string): void {
  theme.value = chosen;
  writeStored('localStorage', 'memory-manager theme', chosen);
  applyTheme();
}

function applyTheme(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

function Page() {
  if (connection.value === 'locked') return <Locked />;
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header />
      {connection.value === 'away' && (
        <p class="banner" role="status">
          The page’s server does not answer. The page connects again when `memory-manager ui` runs.
        </p>
      )}
      <Content />
      <KeyHelp />
    </>
  );
}

function Header() {
  return (
    <header>
      <p class="brand">
        <Mark />
        <span>memory-manager</span>
      </p>
      <nav aria-label="Screens">
        <ul>
          {SCREENS.map(({ path: href, name }) => (
            <li key={href}>
              <Link href={hrefOf(href)} aria-current={path.value.startsWith(href) ? 'page' : undefined}>
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div class="aside">
        <p class="memory" title="The memory that is shown">
          <Link href={hrefOf('/memories')}>{memoryName(group.value ?? session.value?.group ?? '')}</Link>
          {session.value && isReadOnly.value && <span class="chip">read-only</span>}
        </p>
        <p class="tools">
          <label>
            <span class="hidden">Theme</span>
            <select value={theme.value} onChange={(event) => setTheme(event.currentTarget.value)}>
              {THEMES.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <button type="button" class="plain" onClick={() => (isHelpOpen.value = true)} aria-label="Keys">
            ?
          </button>
        </p>
      </div>
    </header>
  );
}

const Mark = () => (
  <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
    <rect x="1" y="3" width="10" height="4" rx="2" class="mark-now" />
    <rect x="5" y="9" width="10" height="4" rx="2" class="mark-then" />
  </svg>
);

/** After a change of screen the focus moves to the content so that screen readers read it, unless the screen has focused one of its fields. */
function Content() {
  const main = useRef<HTMLElement>(null);
  const shown = path.value;
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${main.current?.querySelector('h1')?.textContent ?? 'Memory'} · memory-manager`;
    if (!isFirst.current && !main.current?.contains(document.activeElement))
      main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [shown]);
  return (
    <main id="content" tabIndex={-1} ref={main}>
      <Screen key={shown} />
    </main>
  );
}

function Screen() {
  const [, screen, id] = path.value.split('/');
  if (id) {
    if (screen === 'entities') return <EntityScreen id={decoded(id)} />;
    if (screen === 'episodes') return <EpisodeScreen id={decoded(id)} />;
    if (screen === 'queue') return <JobScreen id={decoded(id)} />;
    if (screen === 'memories') return <MemoryScreen name={decoded(id)} />;
    if (screen === 'sessions') return <SessionScreen name={decoded(id)} />;
  }
  if (screen === 'now') return <NowScreen />;
  if (screen === 'ask') return <AskScreen />;
  if (screen === 'timeline') return <TimelineScreen />;
  if (screen === 'entities') return <EntitiesScreen />;
  if (screen === 'episodes') return <EpisodesScreen />;
  if (screen === 'queue') return <QueueScreen />;
  if (screen === 'archives') return <ArchivesScreen />;
  if (screen === 'sessions') return <SessionsScreen />;
  if (screen === 'memories') return <MemoriesScreen />;
  return (
    <Empty title="There is no such screen.">
      <p>
        <Link href={hrefOf('/now')}>Go to Now</Link>
      </p>
    </Empty>
  );
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

const Locked = () => (
  <main class="locked">
    <Mark />
    <h1>This page is locked</h1>
    <p>
      Open the address that <code>memory-manager ui</code> printed. It ends with a token that is made at each start, so
      an address of an earlier start opens nothing.
    </p>
  </main>
);

async function start(): Promise<void> {
  applyTheme();
  const root = document.getElementById('page') as HTMLElement;
  if ((await findToken()) === undefined) connection.value = 'locked';
  if (path.value === '/') {
    history.replaceState(null, '', hrefOf('/now'));
    dispatchEvent(new PopStateEvent('popstate'));
  }
  listenToKeys();
  render(<Page />, root);
  if (connection.value === 'locked') return;
  await openSession().catch(() => {});
  void followLiveUpdates();
}

// The session is loaded later if the server was down at the start.
freshness.subscribe(() => {
  if (freshness.value > 0 && session.value === undefined) openSession().catch(() => {});
});
// A user may open an address with a new token in a tab that already shows the page.
addEventListener('hashchange', () => {
  if (location.hash.includes('token=')) location.reload();
});
void start();
