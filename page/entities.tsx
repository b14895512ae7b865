import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import type { EntityRow } from '../src/page/schemas.ts';
import { EntityField } from './entity-field.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { Pages } from './pages.tsx';
import { goTo, group, hrefOf, Link, params, setParams } from './route.tsx';
import { plural, Time } from './times.tsx';

const PAGE = 60;

const ORDERS = { facts: 'most facts', mentioned: 'last mentioned', name: 'name' } as const;
type Order = keyof typeof ORDERS;
const isOrder = (text: string | null): text is Order => text !== null && text in ORDERS;

/** The entities of the memory in a chosen order, with a filter for names and one for the type. */
export function EntitiesScreen() {
  const query = params.value.get('q') ?? '';
  const type = params.value.get('type') ?? '';
  const asked = params.value.get('order');
  const order = isOrder(asked) ? asked : 'facts';
  const offset = Math.max(0, Number(params.value.get('from')) || 0);
  const entities = useCall('entities', {
    group: group.value,
    query: query || undefined,
    type: type || undefined,
    order,
    offset,
    limit: PAGE,
  });
  return (
    <>
      <h1>Entities</h1>
      <EntityField
        label="Name"
        text={query}
        placeholder="Name or beginning"
        action="Find"
        onSubmit={(text) => setParams({ q: text, from: undefined })}
        onPick={({ uuid }) => goTo(hrefOf(`/entities/${encodeURIComponent(uuid)}`))}
      />
      {query === '' && (
        <div class="options">
          <label>
            Order
            <select
              value={order}
              onChange={(event) => setParams({ order: event.currentTarget.value, from: undefined })}
            >
              {Object.entries(ORDERS).map(([name, words]) => (
                <option key={name} value={name}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {type !== '' && (
        <p class="chips">
          <button type="button" class="chip on" onClick={() => setParams({ type: undefined, from: undefined })}>
            {type} <span aria-hidden="true">×</span>
            <span class="hidden">remove this filter</span>
          </button>
        </p>
      )}
      <Show loaded={entities} lines={8}>
        {({ entities, isCut }) =>
          entities.length === 0 ? (
            <Empty title={query || type ? 'No entity matches.' : 'No entities yet.'}>
              <p>
                {query || type
                  ? 'Try a part of another name, or remove the filter.'
                  : 'Entities are the people, products and things that stored texts mention.'}
              </p>
            </Empty>
          ) : (
            <>
              <EntityList entities={entities} />
              {query === '' && <Pages offset={offset} size={entities.length} pageSize={PAGE} hasMore={isCut} />}
            </>
          )
        }
      </Show>
    </>
  );
}

/** A field whose text becomes a parameter of the address. */
export function Filter({
  label,
  query,
  placeholder,
  name = 'q',
  action = 'Find',
}: {
  label: string;
  query: string;
  placeholder: string;
  name?: string;
  action?: string;
}) {
  const draft = useSignal(query);
  // The address also changes through links, such as the menu's link to this screen.
  useLayoutEffect(() => {
    draft.value = query;
  }, [query]);
  return (
    <search>
      <form
        class="ask small"
        onSubmit={(event) => {
          event.preventDefault();
          setParams({ [name]: draft.value.trim(), from: undefined });
        }}
      >
        <label class="hidden" for="filter">
          {label}
        </label>
        <input
          id="filter"
          type="search"
          maxLength={1000}
          autocomplete="off"
          placeholder={placeholder}
          value={draft.value}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
            // The browser's button that clears a search field sends no submit event.
            if (draft.value === '') setParams({ [name]: undefined, from: undefined });
          }}
        />
        <button type="submit">{action}</button>
      </form>
    </search>
  );
}

function EntityList({ entities }: { entities: readonly EntityRow[] }) {
  return (
    <ul class="rows">
      {entities.map(({ uuid, name, type, summary, facts, lastMentioned }) => (
        <li class="row" key={uuid}>
          <p class="sentence">
            <Link href={hrefOf(`/entities/${encodeURIComponent(uuid)}`)}>{name}</Link>{' '}
            <button type="button" class="chip" onClick={() => setParams({ type, from: undefined })}>
              {type}
            </button>
          </p>
          {summary !== '' && <p class="quiet clamp">{summary}</p>}
          {facts !== null && (
            <p class="meta">
              <span>{plural(facts, 'fact')}</span>
              {lastMentioned !== null && (
                <span>
                  last mentioned <Time of={lastMentioned} />
                </span>
              )}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}
