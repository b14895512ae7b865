import { Empty, Show, useCall } from './loading.tsx';
import { memoryName } from './memory-name.ts';
import { hrefOf, Link } from './route.tsx';
import { session } from './session.ts';
import { Time } from './times.tsx';

/** All memories with their sizes. Choosing a memory switches every screen to it. */
export function MemoriesScreen() {
  const groups = useCall('groups', {});
  return (
    <>
      <h1>Memories</h1>
      <Show loaded={groups}>
        {({ groups, isCut }) =>
          groups.length === 0 ? (
            <Empty title="There are no memories yet." />
          ) : (
            <>
              <table class="memories">
                <thead>
                  <tr>
                    <th scope="col">Memory</th>
                    <th scope="col">Episodes</th>
                    <th scope="col">Entities</th>
                    <th scope="col">Facts</th>
                    <th scope="col">Last episode</th>
                    <th scope="col">
                      <span class="hidden">More</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {groups.map(({ group, episodes, entities, facts, lastEpisode, project }) => (
                    <tr key={group}>
                      <th scope="row">
                        <Link
                          href={group === session.value?.group ? '/now' : `/now?memory=${encodeURIComponent(group)}`}
                        >
                          {memoryName(group)}
                        </Link>
                        {project !== null && <span class="project">{project}</span>}
                      </th>
                      <td data-name={episodes === 1 ? 'episode' : 'episodes'}>{episodes.toLocaleString()}</td>
                      <td data-name={entities === 1 ? 'entity' : 'entities'}>{entities.toLocaleString()}</td>
                      <td data-name={facts === 1 ? 'fact' : 'facts'}>{facts.toLocaleString()}</td>
                      <td class="last">{lastEpisode === null ? 'none' : <Time of={lastEpisode} />}</td>
                      <td>
                        <Link
                          href={hrefOf(`/memories/${encodeURIComponent(group)}`)}
                          aria-label={`Erase the memory ${group}`}
                        >
                          Erase…
                        </Link>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {isCut && <p class="quiet">Only the first {groups.length.toLocaleString()} are shown.</p>}
            </>
          )
        }
      </Show>
    </>
  );
}
