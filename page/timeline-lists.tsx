import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { SourceLinks } from './episode-name.tsx';
import { FactMeta, RuleMark, Then } from './fact-row.tsx';
import { oncePerSentence } from './once-per-sentence.ts';
import { hrefOf, Link } from './route.tsx';
import { endOfDay, isToday, type Line, lineOn, type TimelineMode, timeParam } from './timeline-model.ts';
import { exactDay, exactMinute, Period, plural } from './times.tsx';

export const textOf = (time: number) => (endOfDay(time) === time ? exactDay(time) : exactMinute(time));

export function SelectedFact({
  line,
  mode,
  selected,
  at,
}: {
  line: Line;
  mode: TimelineMode;
  selected: Signal<string | undefined>;
  at: Signal<number>;
}) {
  const { held } = line;
  const { fact } = lineOn(line, mode, at.value);
  return (
    <section class="notice chosen" aria-label="The chosen fact">
      <p class="sentence">
        {fact.fact}
        <RuleMark episode={fact.ruleOf} />
      </p>
      <FactMeta fact={fact} about={{ uuid: fact.sourceUuid, name: fact.source }} />
      <Then sentence={fact.replacement} />
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

const PAGE = 30;

/** The facts that hold, or were known, on the chosen date. */
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
  const held = oncePerSentence(on.value, ({ fact }) => fact);
  const shown = held.slice(0, most.value).map((line) => lineOn(line, mode, at.value));
  return (
    <section>
      <h2>
        {title} <span class="count">{plural(held.length, 'fact')}</span>
      </h2>
      {held.length === 0 && (
        <p class="quiet">
          {mode === 'known' ? 'The memory knew none of these facts by then.' : 'None of these facts held then.'}
        </p>
      )}
      <FactsOnDateRows shown={shown} lines={lines} />
      {held.length > shown.length && (
        <p class="more">
          <span class="quiet">
            Showing {shown.length.toLocaleString()} of {plural(held.length, 'fact')}.
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

/** A move of the date line changes few facts, so unchanged rows are not rendered again. */
function FactsOnDateRows({ shown, lines }: { shown: readonly ReturnType<typeof lineOn>[]; lines: readonly Line[] }) {
  const key = shown.map(({ fact }) => `${fact.uuid} ${fact.invalidAt}`).join(' ');
  return useMemo(
    () => (
      <ul class="rows">
        {shown.map(({ fact }) => (
          <li class="row" key={fact.uuid}>
            <p class="sentence">
              {fact.fact}
              <RuleMark episode={fact.ruleOf} />
            </p>
            <FactMeta fact={fact} about={{ uuid: fact.sourceUuid, name: fact.source }} />
            <Then sentence={fact.replacement} />
          </li>
        ))}
      </ul>
    ),
    [key, lines],
  );
}

/** A move of the date line renders only the changed rows again. */
function TableRow({ line: { fact }, lines }: { line: Line; lines: readonly Line[] }) {
  return useMemo(
    () => (
      <tr>
        <th scope="row">
          {fact.fact}
          <RuleMark episode={fact.ruleOf} />
        </th>
        <td>
          <Period from={fact.validAt} to={fact.invalidAt} />
        </td>
        <td>
          <Period from={fact.createdAt} to={fact.expiredAt} />
        </td>
        <td>{fact.replacement}</td>
        <td>
          <SourceLinks sources={fact.sources} count={fact.sourceCount} />
        </td>
      </tr>
    ),
    [fact, lines],
  );
}

const ROWS = 100;

/** The same facts as a table, for users who cannot use the picture. */
export function Table({ lines, mode, at }: { lines: readonly Line[]; mode: TimelineMode; at: Signal<number> }) {
  const isOpen = useSignal(false);
  const most = useSignal(ROWS);
  const rows = isOpen.value ? oncePerSentence(lines, ({ fact }) => fact) : [];
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
                <th scope="col">Source</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, most.value).map((line) => (
                <TableRow key={line.fact.uuid} line={lineOn(line, mode, at.value)} lines={lines} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > most.value && (
        <p class="more">
          <span class="quiet">
            Showing {most.value.toLocaleString()} of {plural(rows.length, 'fact')}.
          </span>{' '}
          <button type="button" onClick={() => (most.value += ROWS)}>
            Show {ROWS} more
          </button>
        </p>
      )}
    </details>
  );
}
