import { type Signal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { EntityField } from './entity-field.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { group, hrefOf, Link, params, setParams } from './route.tsx';
import { TimelineChart } from './timeline-chart.tsx';
import { Controls } from './timeline-controls.tsx';
import { FactsOnDate, SelectedFact, Table, textOf } from './timeline-lists.tsx';
import {
  changesOf,
  endOfDay,
  extentOf,
  includes,
  isToday,
  linesOf,
  type Span,
  type TimelineMode,
  timeOfParam,
  timeParam,
} from './timeline-model.ts';
import { plural } from './times.tsx';

/** Facts in the first call (small, so that the screen fills soon), then for a large memory, and for a memory that is shown whole. */
const FIRST = 120;
const FEW = 1000;
const MOST = 5000;
/** A timeline is expensive to read, so it reloads less often than other screens. */
const CALM_MS = 30_000;
const SETTLED_MS = 250;

/** The facts of one entity or of the whole memory over time, and a list for a chosen date. */
export function TimelineScreen() {
  const entity = params.value.get('entity') ?? '';
  /** The entity's name, because the address may contain a uuid. */
  const found = useSignal({ entity: '', name: '' });
  const query = found.value.entity === entity ? found.value.name : entity;
  return (
    <>
      <h1>Timeline</h1>
      <EntityField
        label="Entity"
        text={query}
        placeholder="Name or beginning"
        action="Show"
        onSubmit={(text) => setParams({ entity: text, from: undefined, to: undefined })}
        onPick={({ name }) => setParams({ entity: name, from: undefined, to: undefined })}
      />
      <Loading key={`${group.value} ${entity}`} entity={entity} onFound={(name) => (found.value = { entity, name })} />
    </>
  );
}

function Loading({ entity, onFound }: { entity: string; onFound: (name: string) => void }) {
  const last = useRef<Reply<'timeline'> | undefined>(undefined);
  /** The requested period of a large memory; undefined for the latest facts. */
  const period = useSignal(periodOfParams());
  const limit = useSignal(FIRST);
  const { from, to } = period.value ?? {};
  const loaded = useCall(
    'timeline',
    {
      group: group.value,
      entity: entity || undefined,
      from: from === undefined ? undefined : isoTime(from),
      to: to === undefined ? undefined : isoTime(to),
      limit: limit.value,
    },
    { calmMs: CALM_MS },
  );
  useEffect(() => {
    const { data } = loaded;
    if (data?.entity) onFound(data.entity.name);
    if (data && data.facts.length < data.count) limit.value = data.count <= MOST ? MOST : FEW;
  }, [loaded.data]);
  if (loaded.data) last.current = loaded.data;
  if (loaded.error?.code === 'ERR_INVALID_INPUT' && entity !== '') return <Unknown name={entity} />;
  // The previous facts stay while another period loads.
  const shown = { ...loaded, data: loaded.data ?? (loaded.error ? undefined : last.current) };
  return (
    <Show loaded={shown} lines={8}>
      {(reply) =>
        reply.count === 0 ? (
          <NoFacts reply={reply} />
        ) : (
          <Timeline
            reply={reply}
            onSettled={(view) => {
              if (reply.count > MOST) period.value = view;
            }}
          />
        )
      }
    </Show>
  );
}

const isoTime = (time: number) => new Date(Math.min(Math.max(time, -62e12), 253e12)).toISOString();

function periodOfParams(): Span | undefined {
  const [from, to] = [timeOfParam(params.value.get('from')), timeOfParam(params.value.get('to'))];
  return from !== undefined && to !== undefined && from < to ? { from, to } : undefined;
}

function NoFacts({ reply: { entity } }: { reply: Reply<'timeline'> }) {
  return (
    <Empty title={entity ? `No facts about ${entity.name}.` : 'No facts yet.'}>
      <p>
        {entity ? (
          <>
            Its texts may still say something:{' '}
            <Link href={hrefOf(`/entities/${encodeURIComponent(entity.uuid)}`)}>see its episodes</Link>.
          </>
        ) : (
          'Facts appear here with the times at which they hold, as soon as a worker has read a text.'
        )}
      </p>
    </Empty>
  );
}

function Unknown({ name }: { name: string }) {
  const similar = useCall('suggestions', { group: group.value, typed: name });
  return (
    <Empty title={`No entity is called “${name.slice(0, 80)}”.`}>
      {similar.data && similar.data.entities.length > 0 && (
        <>
          <p>Perhaps one of these:</p>
          <p class="chips centered">
            {similar.data.entities.map(({ uuid, name }) => (
              <Link key={uuid} class="chip" href={hrefOf('/timeline', { entity: name })}>
                {name}
              </Link>
            ))}
          </p>
        </>
      )}
    </Empty>
  );
}

function Timeline({ reply, onSettled }: { reply: Reply<'timeline'>; onSettled: (view: Span) => void }) {
  const { entity, facts, count } = reply;
  const lines = useMemo(() => linesOf(facts), [facts]);
  const extent = useMemo(() => extentOf(lines, Date.now()), [lines]);
  const mode: TimelineMode = params.value.get('as') === 'known' ? 'known' : 'true';
  const changes = useMemo(() => changesOf(lines, mode), [lines, mode]);
  const view = useSignal(periodOfParams() ?? extent);
  const at = useSignal(timeOfParam(params.value.get('on')) ?? endOfDay(Date.now()));
  const selected = useSignal<string | undefined>(undefined);
  const everything = useRef(extent);
  useLayoutEffect(() => {
    if (view.value === everything.current) view.value = extent;
    everything.current = extent;
  }, [extent]);
  const current = useSignal(lines);
  const modeNow = useSignal(mode);
  [current.value, modeNow.value] = [lines, mode];
  const on = useComputed(() => current.value.filter(({ shown }) => includes(shown[modeNow.value], at.value)));
  const dateText = useComputed(() => `${textOf(at.value)}, ${plural(on.value.length, 'fact')}`);
  useAddress(view, at, extent, onSettled);
  const chosen = lines.find(({ fact }) => fact.uuid === selected.value);
  return (
    <>
      {entity && (
        <p class="quiet under">
          <Link href={hrefOf(`/entities/${encodeURIComponent(entity.uuid)}`)}>{entity.name}</Link>{' '}
          <span class="chip">{entity.type}</span>
        </p>
      )}
      <Controls {...{ view, at, extent, mode, changes }} />
      {facts.length < count && (
        <p class="notice" role="note">
          Showing {facts.length.toLocaleString()} of {plural(count, 'fact')}: those that began last in the shown time.
          Zoom in, or choose an entity, to see others.
        </p>
      )}
      <TimelineChart {...{ lines, mode, extent, view, at, dateText, selected }} />
      <p class="legend" aria-hidden="true">
        <span class="held">held</span>
        <span class="known">known to the memory</span>
        <span class="replaced">replaced by</span>
        <span class="hint">Drag to move, Ctrl and wheel to zoom</span>
      </p>
      {chosen && <SelectedFact {...{ line: chosen, mode, selected, at }} />}
      <FactsOnDate {...{ on, at, mode, lines, entity }} />
      <Table {...{ lines, mode, at }} />
    </>
  );
}

/** Writes the date and the shown period into the address once they stop changing, and reads them when another address is opened. */
function useAddress(view: Signal<Span>, at: Signal<number>, extent: Span, onSettled: (view: Span) => void): void {
  const notify = useRef(onSettled);
  notify.current = onSettled;
  const written = useRef(params.value.get('on'));
  useSignalEffect(() => {
    const [span, time] = [view.value, at.value];
    const timer = setTimeout(() => {
      const isAll = span === extent;
      const on = isToday(time) ? undefined : timeParam(time);
      written.current = on ?? null;
      setParams({
        on,
        from: isAll ? undefined : isoTime(span.from).replace(/\.\d+/, ''),
        to: isAll ? undefined : isoTime(span.to).replace(/\.\d+/, ''),
      });
      if (!isAll) notify.current(span);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  });
  useSignalEffect(() => {
    const on = params.value.get('on');
    if (on === written.current) return;
    written.current = on;
    at.value = timeOfParam(on) ?? endOfDay(Date.now());
  });
}
