import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import {
  density,
  includes,
  type Line,
  lineOn,
  panned,
  type Span,
  snapped,
  stepped,
  type Tick,
  type TimelineMode,
  ticksOf,
  zoomed,
} from './timeline-model.ts';
import { plural } from './times.tsx';

export interface ChartProps {
  readonly lines: readonly Line[];
  readonly mode: TimelineMode;
  readonly extent: Span;
  readonly view: Signal<Span>;
  readonly at: Signal<number>;
  /** The date line's time as a text. */
  readonly dateText: ReadonlySignal<string>;
  readonly selected: Signal<string | undefined>;
}

const WIDE = 640;
const LABEL = 280;
/** Space to the right of the last time. */
const ROOM = 12;
/** Number of lines drawn above and below the visible ones. */
const SPARE = 6;
const AXIS = 30;

interface Frame {
  readonly width: number;
  /** Left edge of the bars. */
  readonly left: number;
  readonly rowHeight: number;
  /** Distance from the top of a row to its first bar. */
  readonly barTop: number;
}

function frameOf(width: number): Frame {
  return width >= WIDE
    ? { width, left: LABEL, rowHeight: 32, barTop: 9 }
    : { width, left: 0, rowHeight: 48, barTop: 27 };
}

const scale = ({ left, width }: Frame, { from, to }: Span) => {
  const perMs = (width - left - ROOM) / (to - from);
  return { x: (time: number) => left + (time - from) * perMs, time: (x: number) => from + (x - left) / perMs };
};

/** Bars on two lanes for each fact, a line for the chosen date, and above them the number of facts over time. */
export function TimelineChart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => (width.value = element.clientWidth));
    observer.observe(element);
    width.value = element.clientWidth;
    return () => observer.disconnect();
  }, []);
  const frame = frameOf(width.value);
  return (
    <div class={frame.left === 0 ? 'timeline stacked' : 'timeline'} ref={box}>
      {width.value > 0 && (
        <>
          <Overview {...props} frame={frame} />
          <Axis {...props} frame={frame} />
          <Rows {...props} frame={frame} />
          <DateLine {...props} frame={frame} />
        </>
      )}
    </div>
  );
}

type Part = ChartProps & { readonly frame: Frame };

const OVERVIEW = 44;
const SAMPLES = 160;

/** The whole period with a frame around the shown part; dragging moves the frame. */
function Overview({ lines, mode, extent, view, frame: { width } }: Part) {
  const area = useMemo(() => {
    const counts = density(lines, mode, extent, SAMPLES);
    const most = Math.max(1, ...counts);
    const points = counts.map(
      (count, place) => `${((place / (SAMPLES - 1)) * 1000).toFixed(1)} ${(40 - (count / most) * 34).toFixed(1)}`,
    );
    return `M0 40 L${points.join(' L')} L1000 40 Z`;
  }, [lines, mode, extent]);
  const x = (time: number) => Math.min(width, Math.max(0, ((time - extent.from) / (extent.to - extent.from)) * width));
  const [left, right] = [x(view.value.from), x(view.value.to)];
  const center = (event: PointerEvent) => {
    const share = (event.clientX - (event.currentTarget as Element).getBoundingClientRect().left) / width;
    const time = extent.from + share * (extent.to - extent.from);
    const half = (view.value.to - view.value.from) / 2;
    view.value = { from: time - half, to: time + half };
  };
  return (
    <svg
      class="overview"
      width={width}
      height={OVERVIEW}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        center(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && center(event)}
    >
      <svg viewBox="0 0 1000 40" width={width} height={OVERVIEW} preserveAspectRatio="none">
        <title>Facts at each time</title>
        <path d={area} />
      </svg>
      <rect class="window" x={left} y={1} width={Math.max(4, right - left)} height={OVERVIEW - 2} rx={4} />
    </svg>
  );
}

/** Widths of a letter on the axis and of half the handle. */
const [LETTER, HANDLE] = [7, 9];

/** A click on the axis moves the date line there. */
function Axis({ view, at, frame }: Part) {
  const { x, time } = scale(frame, view.value);
  const ticks = ticksOf(view.value, Math.max(2, Math.floor((frame.width - frame.left) / 92)));
  const anchorOf = ({ at }: Tick) => (x(at) > frame.width - 40 ? 'end' : x(at) < 40 ? 'start' : 'middle');
  /** Whether the handle of the date line covers the label. */
  const isCovered = (tick: Tick) => {
    const room = LETTER * tick.label.length;
    const left = x(tick.at) - room * { start: 0, middle: 0.5, end: 1 }[anchorOf(tick)];
    const handle = x(at.value);
    return handle > left - HANDLE && handle < left + room + HANDLE;
  };
  return (
    <svg
      class="ticks"
      width={frame.width}
      height={AXIS}
      aria-hidden="true"
      onPointerDown={(event) => {
        const place = event.clientX - event.currentTarget.getBoundingClientRect().left;
        if (place >= frame.left) at.value = snapped(time(place), view.value);
      }}
    >
      {ticks.map((tick) => (
        <g key={tick.at} transform={`translate(${x(tick.at).toFixed(1)} 0)`}>
          <line y1={AXIS - 6} y2={AXIS} />
          {!isCovered(tick) && (
            <text y={AXIS - 11} text-anchor={anchorOf(tick)}>
              {tick.label}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}

const ZOOM = 1.5;
const PAN = 0.15;

/** Draws only the lines near the scroll position; blank space stands for the others. */
function Rows({ lines, mode, extent, view, at, selected, frame }: Part) {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(0);
  useGestures(box, view, frame);
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => (height.value = element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top.value / frame.rowHeight) - SPARE);
  const last = Math.min(lines.length, Math.ceil((top.value + height.value) / frame.rowHeight) + SPARE);
  const visible = lines.slice(first, last).map((line) => lineOn(line, mode, at.value));
  const keys = (event: KeyboardEvent) => {
    const middle = (view.value.from + view.value.to) / 2;
    if (event.key === '+' || event.key === '=') view.value = zoomed(view.value, 1 / ZOOM, middle);
    else if (event.key === '-') view.value = zoomed(view.value, ZOOM, middle);
    else if (event.key === '0') view.value = extent;
    else if (event.key === 'ArrowLeft') view.value = panned(view.value, -PAN);
    else if (event.key === 'ArrowRight') view.value = panned(view.value, PAN);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      class="lines"
      ref={box}
      role="group"
      aria-label={`${plural(lines.length, 'fact')} as bars. Left and right move in time, plus and minus zoom, 0 shows everything. The same facts are in the table below.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the box scrolls and handles keys
      tabIndex={0}
      onKeyDown={keys}
      onScroll={(event) => (top.value = event.currentTarget.scrollTop)}
    >
      <div class="room" style={{ height: `${lines.length * frame.rowHeight}px` }} aria-hidden="true">
        <svg
          width={frame.width}
          height={(last - first) * frame.rowHeight}
          style={{ top: `${first * frame.rowHeight}px` }}
          class={`mode-${mode}`}
        >
          <title>Facts as bars</title>
          {visible.map((line, place) => (
            <Bars
              key={line.fact.uuid}
              line={line}
              y={place * frame.rowHeight}
              isOn={includes(line.shown[mode], at.value)}
              view={view.value}
              frame={frame}
            />
          ))}
          {visible.map((line, place) => (
            <Replacement
              key={line.fact.uuid}
              line={line}
              place={place + first}
              first={first}
              view={view.value}
              frame={frame}
            />
          ))}
        </svg>
        {visible.map(({ fact, shown }, place) => (
          <button
            type="button"
            tabIndex={-1}
            key={fact.uuid}
            class={`label${includes(shown[mode], at.value) ? ' on' : ''}${selected.value === fact.uuid ? ' selected' : ''}`}
            style={{ top: `${(first + place) * frame.rowHeight}px`, maxWidth: `${(frame.left || frame.width) - 8}px` }}
            title={fact.fact}
            onClick={() => (selected.value = selected.value === fact.uuid ? undefined : fact.uuid)}
          >
            {fact.fact}
          </button>
        ))}
      </div>
    </div>
  );
}

function Bars({ line, y, isOn, view, frame }: { line: Line; y: number; isOn: boolean; view: Span; frame: Frame }) {
  return (
    <g class={isOn ? 'on' : undefined}>
      <line class="between" x1={0} x2={frame.width} y1={y + 0.5} y2={y + 0.5} />
      <Bar lane="held" span={line.held} y={y + frame.barTop} height={8} view={view} frame={frame} />
      <Bar lane="known" span={line.known} y={y + frame.barTop + 11} height={4} view={view} frame={frame} />
    </g>
  );
}

function Bar(props: { lane: string; span: Span; y: number; height: number; view: Span; frame: Frame }) {
  const { lane, span, y, height, view, frame } = props;
  if (span.to < view.from || span.from > view.to) return null;
  const { x } = scale(frame, view);
  const [left, right] = [x(Math.max(span.from, view.from)), x(Math.min(span.to, view.to))];
  const width = Math.max(2, right - left + (span.to > view.to ? ROOM : 0));
  return <rect class={lane} x={left.toFixed(1)} y={y} width={width.toFixed(1)} height={height} rx={2} />;
}

/** A line from the end of a fact to the start of its replacement. */
function Replacement(props: { line: Line; place: number; first: number; view: Span; frame: Frame }) {
  const { line, place, first, view, frame } = props;
  if (line.next === undefined || line.held.to < view.from || line.held.to > view.to) return null;
  const x = scale(frame, view).x(line.held.to);
  const y = (row: number) => (row - first) * frame.rowHeight + frame.barTop + 4;
  const [from, to] = [y(place), y(line.next)];
  const tip = to > from ? -5 : 5;
  return (
    <path
      class="replaced"
      d={`M${x.toFixed(1)} ${from} V${to + tip / 5} m-3.5 ${tip * 0.8} l3.5 ${-tip * 0.8} l3.5 ${tip * 0.8}`}
    />
  );
}

/** Dragging and Shift+wheel move in time; pinching and Ctrl+wheel zoom. */
function useGestures(box: { readonly current: HTMLDivElement | null }, view: Signal<Span>, frame: Frame): void {
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const pointers = new Map<number, number>();
    const place = (clientX: number) => clientX - element.getBoundingClientRect().left;
    const at = (x: number) => scale(frame, view.value).time(x);
    const perPixel = () => 1 / (frame.width - frame.left - ROOM);
    const wheel = (event: WheelEvent) => {
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (!event.ctrlKey && !event.metaKey && !isSideways) return;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey)
        view.value = zoomed(view.value, Math.exp(event.deltaY * 0.004), at(place(event.clientX)));
      else view.value = panned(view.value, (event.deltaX || event.deltaY) * perPixel());
    };
    const down = (event: PointerEvent) => {
      if (event.button === 0) pointers.set(event.pointerId, place(event.clientX));
    };
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (before === undefined) return;
      const now = place(event.clientX);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        // A press that moves a few pixels is still a click on a label.
        if (!element.hasPointerCapture(event.pointerId) && Math.abs(now - before) < 4) return;
        element.setPointerCapture(event.pointerId);
        view.value = panned(view.value, (before - now) * perPixel());
      } else if (now !== other) {
        const factor = Math.abs(before - other) / Math.max(8, Math.abs(now - other));
        view.value = zoomed(view.value, factor, at(other));
      }
      pointers.set(event.pointerId, now);
    };
    const up = (event: PointerEvent) => pointers.delete(event.pointerId);
    const listeners = { wheel, pointerdown: down, pointermove: move, pointerup: up, pointercancel: up };
    for (const [name, listener] of Object.entries(listeners))
      element.addEventListener(name, listener as EventListener, { passive: false });
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        element.removeEventListener(name, listener as EventListener);
    };
  }, [frame.width, view]);
}

/** The chosen date as a slider for pointer and keyboard. */
function DateLine({ view, at, extent, dateText, frame }: Part) {
  const { x, time } = scale(frame, view.value);
  const place = x(at.value);
  const isSeen = place >= frame.left - 1 && place <= frame.width;
  const keys = (event: KeyboardEvent) => {
    const isLong = event.shiftKey || event.key.startsWith('Page');
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowLeft: -1, ArrowDown: -1, PageDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 1 },
    };
    const step = steps[event.key];
    if (step !== undefined) at.value = stepped(at.value, step, isLong, view.value);
    else if (event.key === 'Home') at.value = snapped(extent.from, view.value);
    else if (event.key === 'End') at.value = snapped(Date.now(), view.value);
    else return;
    event.preventDefault();
    follow();
  };
  /** Keeps the line within the shown period. */
  const follow = () => {
    const { from, to } = view.value;
    if (at.value > to) view.value = panned(view.value, (at.value - to) / (to - from) + 0.2);
    if (at.value < from) view.value = panned(view.value, (at.value - from) / (to - from) - 0.2);
  };
  const drag = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).parentElement as Element;
    const left = event.clientX - box.getBoundingClientRect().left;
    at.value = snapped(time(Math.min(frame.width - ROOM, Math.max(frame.left, left))), view.value);
  };
  return (
    <div
      class={isSeen ? 'dateline' : 'dateline away'}
      style={{ translate: `${Math.min(frame.width - 2, Math.max(frame.left, place)).toFixed(1)}px 0` }}
      role="slider"
      tabIndex={0}
      aria-label="Date"
      aria-valuemin={Math.round(extent.from / 1000)}
      aria-valuemax={Math.round(Math.max(extent.to, at.value) / 1000)}
      aria-valuenow={Math.round(at.value / 1000)}
      aria-valuetext={dateText.value}
      onKeyDown={keys}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        event.currentTarget.focus({ preventScroll: true });
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && drag(event)}
    >
      <span class="handle" />
    </div>
  );
}
