import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { DateField } from './date-field.tsx';
import { setParams } from './route.tsx';
import {
  endOfDay,
  isDaily,
  isToday,
  panned,
  type Span,
  type TimelineMode,
  timeOfParam,
  timeParam,
  zoomed,
} from './timeline-model.ts';

export function Controls({
  view,
  at,
  extent,
  mode,
  changes,
}: {
  view: Signal<Span>;
  at: Signal<number>;
  extent: Span;
  mode: TimelineMode;
  changes: readonly number[];
}) {
  const middle = () => (view.value.from + view.value.to) / 2;
  const jump = (time: number | undefined) => {
    if (time === undefined) return;
    at.value = isDaily(view.value) ? endOfDay(time) : time;
    const { from, to } = view.value;
    if (time < from || time > to) view.value = panned(view.value, (time - (from + to) / 2) / (to - from));
  };
  return (
    <div class="options timeline-options">
      <DateField label="Date" value={timeParam(endOfDay(at.value))} onPick={(day) => jump(timeOfParam(day || null))} />
      <span class="together">
        <Button
          name="Earlier change"
          onClick={() => jump(changes.findLast((time) => endOrTime(time, view) < at.value))}
        >
          ‹ change
        </Button>
        <Button name="Later change" onClick={() => jump(changes.find((time) => time > at.value))}>
          change ›
        </Button>
        <button type="button" disabled={isToday(at.value)} onClick={() => jump(endOfDay(Date.now()))}>
          Today
        </button>
      </span>
      <label>
        Show
        <select
          value={mode}
          onChange={(event) => setParams({ as: event.currentTarget.value === 'known' ? 'known' : undefined })}
        >
          <option value="true">what was true</option>
          <option value="known">what was known</option>
        </select>
      </label>
      <span class="together">
        <Button name="Zoom in" onClick={() => (view.value = zoomed(view.value, 0.5, middle()))}>
          +
        </Button>
        <Button name="Zoom out" onClick={() => (view.value = zoomed(view.value, 2, middle()))}>
          −
        </Button>
        <Button name="Move earlier" onClick={() => (view.value = panned(view.value, -0.4))}>
          ←
        </Button>
        <Button name="Move later" onClick={() => (view.value = panned(view.value, 0.4))}>
          →
        </Button>
        <button type="button" title="Show everything" onClick={() => (view.value = extent)}>
          All
        </button>
      </span>
    </div>
  );
}

const endOrTime = (time: number, view: Signal<Span>) => (isDaily(view.value) ? endOfDay(time) : time);

function Button({ name, onClick, children }: { name: string; onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" aria-label={name} title={name} onClick={onClick}>
      {children}
    </button>
  );
}
