import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { hrefOf, Link } from './route.tsx';
import { endOfDay, isToday, type Line, lineOn, type TimelineMode, timeParam } from './timeline-model.ts';
import { exactDay, exactMinute, Period, plural, Time } from './times.tsx';

export const textOf = (time: number) => (endOfDay(time) === time ? exactDay(time) : exactMinute(time));

export function SelectedFact({
  line,
  mode,
  lines,
  selected,
  at,
}: {
  line: Line;
  mode: TimelineMode;
  lines: readonly Line[];
  selected: Signal<string | undefined>;
  at: Signal<number>;
}) {
  const { held } = line;
  const { fact, next } = lineOn(line, mode, at.value);
  const replacing = next === undefined ? undefined : lines[next];
  return (
    <section class="notice chosen" aria-label="The chosen fact">
      <p class="sentence">{fact.fact}</p>
      <FactMeta fact={fact} />
      {replacing && <p class="quiet">Then: {replacing.fact.fact}</p>}
      <p class="buttons">
        {Number.isFinite(held.from) && (
          <button type="button" onClick={() => (at.value = endOfDay(held.from))}>
            Go to its beginning
          </button>
        )}
        <button type="button" class="plain" onClick={() => (selected.value = undefined)}>
          Close
        </button>
      </p>
    </section>
  );
}

function FactMeta({
  fact: { validAt, invalidAt, createdAt, expiredAt, episode, source, sourceUuid },
}: Pick<Line, 'fact'>) {
  return (
    <p class="meta">
      <span class="held">
        <Period from={validAt} to={invalidAt} />
      </span>
      {createdAt !== null && (
        <span>
          learned <Time of={createdAt} />
          {expiredAt !== null && (
            <>
              , end learned <Time of={expiredAt} />
            </>
          )}
        </span>
      )}
      <Link href={hrefOf(`/entities/${encodeURIComponent(sourceUuid)}`)}>{source}</Link>
      {episode !== null && <Link href={hrefOf(`/episodes/${encodeURIComponent(episode)}`)}>source</Link>}
    </p>
  );
}

const PAGE = 30;

/** The facts that belong to the date. */
export function FactsOnDate({
  on,
  at,
  mode,
  lines,
  entity,
}: {
  on: ReadonlySignal<readonly Line[]>;
  at: Signal<number>;
  mode: TimelineMode;
  lines: readonly Line[];
  entity: Reply<'timeline'>['entity'];
}) {
  const most = useSignal(PAGE);
  const day = textOf(at.value);
  const title = isToday(at.value) ? 'Holds today' : mode === 'known' ? `Believed on ${day}` : `True on ${day}`;
  const shown = on.value.slice(0, most.value).map((line) => lineOn(line, mode, at.value));
  return (
    <section>
      <h2>
        {title} <span class="count">{plural(on.value.length, 'fact')}</span>
      </h2>
      {on.value.length === 0 && (
        <p class="quiet">
          {mode === 'known' ? 'The memory knew none of these facts by then.' : 'None of these facts held then.'}
        </p>
      )}
      <FactsOnDateRows shown={shown} lines={lines} />
      {on.value.length > shown.length && (
        <p class="more">
          <span class="quiet">
            Showing {shown.length.toLocaleString()} of {plural(on.value.length, 'fact')}.
          </span>{' '}
          <button type="button" onClick={() => (most.value += PAGE)}>
            Show {PAGE} more
          </button>
        </p>
      )}
      {!isToday(at.value) && (
        <p class="more">
          <Link
            href={hrefOf('/ask', {
              q: entity?.name,
              on: timeParam(endOfDay(at.value)),
              known: mode === 'known' ? timeParam(endOfDay(at.value)) : undefined,
            })}
          >
            Ask about this day
          </Link>
        </p>
      )}
    </section>
  );
}

/** While the date line moves, mostly the same facts belong to it; then their rows are not made again. */
function FactsOnDateRows({ shown, lines }: { shown: readonly ReturnType<typeof lineOn>[]; lines: readonly Line[] }) {
  const key = shown.map(({ fact }) => `${fact.uuid} ${fact.invalidAt}`).join(' ');
  return useMemo(
    () => (
      <ul class="rows">
        {shown.map(({ fact, next }) => (
          <li class="row" key={fact.uuid}>
            <p class="sentence">{fact.fact}</p>
            <FactMeta fact={fact} />
            {next !== undefined && <p class="quiet">Then: {lines[next]?.fact.fact}</p>}
          </li>
        ))}
      </ul>
    ),
    [key, lines],
  );
}

/** While the date line moves, only the rows that change are made again. */
function TableRow({ line: { fact, next }, lines }: { line: Line; lines: readonly Line[] }) {
  return useMemo(
    () => (
      <tr>
        <th scope="row">{fact.fact}</th>
        <td>
          <Period from={fact.validAt} to={fact.invalidAt} />
        </td>
        <td>
          <Period from={fact.createdAt} to={fact.expiredAt} />
        </td>
        <td>{next !== undefined && lines[next]?.fact.fact}</td>
      </tr>
    ),
    [fact, lines],
  );
}

const ROWS = 100;

/** The same facts for those who cannot use the picture. */
export function Table({ lines, mode, at }: { lines: readonly Line[]; mode: TimelineMode; at: Signal<number> }) {
  const isOpen = useSignal(false);
  const most = useSignal(ROWS);
  return (
    <details class="block" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>All as a table</summary>
      {isOpen.value && (
        <div class="scrolls">
          <table class="facts">
            <thead>
              <tr>
                <th scope="col">Fact</th>
                <th scope="col">Held</th>
                <th scope="col">Known</th>
                <th scope="col">Then</th>
              </tr>
            </thead>
            <tbody>
              {lines.slice(0, most.value).map((line) => (
                <TableRow key={line.fact.uuid} line={lineOn(line, mode, at.value)} lines={lines} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isOpen.value && lines.length > most.value && (
        <p class="more">
          <span class="quiet">
            Showing {most.value.toLocaleString()} of {plural(lines.length, 'fact')}.
          </span>{' '}
          <button type="button" onClick={() => (most.value += ROWS)}>
            Show {ROWS} more
          </button>
        </p>
      )}
    </details>
  );
}
