import type { EpisodeRow } from '../src/page/schemas.ts';
import { Filter } from './entities.tsx';
import { RuleMark } from './fact-row.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { Receipts } from './receipts.tsx';
import { group, hrefOf, Link, params, setParams } from './route.tsx';
import { Time } from './times.tsx';
import { NotRead } from './waits.tsx';

const PAGE = 40;
const MOST = 1000;

/** The stored texts, latest first, or the results of a search for words. */
export function EpisodesScreen() {
  const query = params.value.get('q') ?? '';
  const limit = Math.min(MOST, Math.max(PAGE, Number(params.value.get('show')) || 0));
  const episodes = useCall('episodes', { group: group.value, query: query || undefined, limit });
  return (
    <>
      <h1>Episodes</h1>
      <Receipts kinds={['forget']} />
      <Filter label="Words" query={query} placeholder="Words of a text" />
      <Show loaded={episodes} lines={8}>
        {({ episodes, isCut }) =>
          episodes.length === 0 ? (
            <Empty title={query ? 'No text has these words.' : 'No texts yet.'}>
              <p>
                {query ? 'Try fewer or other words.' : 'An episode is a stored text: a turn with an agent, or a note.'}
              </p>
            </Empty>
          ) : (
            <>
              <EpisodeList episodes={episodes} />
              {isCut && query === '' && limit < MOST && (
                <nav class="pages" aria-label="Pages">
                  <button type="button" onClick={() => setParams({ show: String(Math.min(MOST, limit * 2)) })}>
                    Show more
                  </button>
                </nav>
              )}
              {isCut && limit >= MOST && (
                <p class="quiet">Older episodes are found with words, or through their entities.</p>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

export function EpisodeList({ episodes }: { episodes: readonly EpisodeRow[] }) {
  return (
    <ul class="rows">
      {episodes.map(
        ({ uuid, name, preview, sourceDescription, file, referenceTime, session, isCommitted, isRule, waits }) => (
          <li class="row" key={uuid}>
            <p class="sentence clamp">
              <Link href={hrefOf(`/episodes/${encodeURIComponent(uuid)}`)}>{preview || name}</Link>
              <RuleMark episode={isRule ? uuid : null} />
            </p>
            <p class="meta">
              <span class="held">
                <Time of={referenceTime} />
              </span>
              {(file ?? sourceDescription) !== '' && <span class="clip">{file ?? sourceDescription}</span>}
              {session !== null && <span class="clip">session {session}</span>}
              {isCommitted === false && <NotRead uuid={uuid} waits={waits} />}
            </p>
          </li>
        ),
      )}
    </ul>
  );
}
