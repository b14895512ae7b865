import { useSignal } from '@preact/signals';
import type { Reply } from '../src/page/schemas.ts';
import { EpisodeName } from './episode-name.tsx';
import { FactRow } from './fact-row.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { Neighbourhood } from './neighbourhood.tsx';
import { oncePerSentence } from './once-per-sentence.ts';
import { group, hrefOf, Link } from './route.tsx';
import { holdsAt, plural } from './times.tsx';

/** Everything about one entity: what holds now, what held before, its neighbours and its episodes. */
export function EntityScreen({ id }: { id: string }) {
  const entity = useCall('entity', { group: group.value, entity: id });
  return (
    <>
      <p class="crumb">
        <Link href={hrefOf('/entities')}>Entities</Link>
      </p>
      {entity.data === undefined && <h1>Entity</h1>}
      <Show loaded={entity}>{(reply) => <EntityPage reply={reply} />}</Show>
    </>
  );
}

const HOLDS = ['hold now or at other times', 'hold now', 'hold at other times'] as const;
/** The filter appears above this number of facts. */
const FEW = 8;

function EntityPage({ reply: { entity, facts, isCut, aliases, episodes, mentions } }: { reply: Reply<'entity'> }) {
  const words = useSignal('');
  const shown = useSignal<(typeof HOLDS)[number]>(HOLDS[0]);
  const now = Date.now();
  const wanted = words.value.trim().toLowerCase();
  const matching = oncePerSentence(facts, (fact) => fact).filter(({ fact }) => fact.toLowerCase().includes(wanted));
  const current = shown.value === HOLDS[2] ? [] : matching.filter((fact) => holdsAt(fact, now));
  const others = shown.value === HOLDS[1] ? [] : matching.filter((fact) => !holdsAt(fact, now));
  return (
    <>
      <h1>
        {entity.name} <span class="chip">{entity.type}</span>
      </h1>
      {entity.summary !== '' && <p class="lead">{entity.summary}</p>}
      {aliases.length > 0 && <p class="quiet">Also called {aliases.join(', ')}</p>}
      {facts.length === 0 ? (
        <Empty title="No facts about it.">
          <p>It is mentioned in the episodes below. The texts can be found although no fact was drawn from them.</p>
        </Empty>
      ) : (
        <p class="buttons">
          <Link class="button" href={hrefOf('/timeline', { entity: entity.uuid })}>
            See it on the timeline
          </Link>
          <Link class="button" href={hrefOf('/ask', { q: entity.name, focus: 'date' })}>
            Ask about a day in the past
          </Link>
        </p>
      )}
      {facts.length > FEW && (
        <div class="options">
          <label>
            Filter
            <input
              type="search"
              maxLength={200}
              placeholder="Words of a fact"
              value={words.value}
              onInput={(event) => (words.value = event.currentTarget.value)}
            />
          </label>
          <label>
            Facts that
            <select
              value={shown.value}
              onChange={(event) => (shown.value = HOLDS[event.currentTarget.selectedIndex] ?? HOLDS[0])}
            >
              {HOLDS.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {facts.length > 0 && current.length + others.length === 0 && <p class="quiet">No fact matches.</p>}
      {current.length > 0 && (
        <section>
          <h2>Holds now</h2>
          <ul class="rows">
            {current.map((fact) => (
              <FactRow key={fact.uuid} fact={fact} />
            ))}
          </ul>
        </section>
      )}
      {others.length > 0 && (
        <section>
          <h2>At other times</h2>
          <ul class="rows">
            {others.map((fact) => (
              <FactRow key={fact.uuid} fact={fact} isEnded />
            ))}
          </ul>
        </section>
      )}
      {isCut && (
        <p class="quiet">
          Only the first {plural(facts.length, 'fact')} are shown; `memory-manager history` prints all.
        </p>
      )}
      {facts.length > 0 && <Neighbourhood entity={entity} facts={facts} />}
      <section>
        <h2>
          Episodes <span class="count">{mentions.toLocaleString()}</span>
        </h2>
        {episodes.length === 0 ? (
          <p class="quiet">No episode mentions it.</p>
        ) : (
          <ul class="plain-list">
            {episodes.map(({ uuid, name, referenceTime, origin }) => (
              <li key={uuid}>
                <Link href={hrefOf(`/episodes/${encodeURIComponent(uuid)}`)}>
                  <EpisodeName name={name} time={referenceTime} origin={origin} />
                </Link>
              </li>
            ))}
          </ul>
        )}
        {mentions > episodes.length && (
          <p class="quiet">
            Showing the latest {episodes.length} of {plural(mentions, 'episode')} that mention it.
          </p>
        )}
      </section>
    </>
  );
}
