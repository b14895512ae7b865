import type { Minute } from '../src/page/schemas.ts';
import { Show, useCall } from './loading.tsx';
import { plural } from './times.tsx';

const [WIDTH, HEIGHT, STEP] = [360, 64, 6];

/** Two plots of the last hour by minute: jobs ended, and the time of episodes from the queue to their facts. */
export function QueueHour() {
  const hour = useCall('queueHour', {});
  return (
    <section>
      <h2>The last hour</h2>
      <Show loaded={hour} lines={2}>
        {({ minutes }) => (
          <div class="plots">
            <Throughput minutes={minutes} />
            <Latency minutes={minutes} />
          </div>
        )}
      </Show>
    </section>
  );
}

function Throughput({ minutes }: { minutes: readonly Minute[] }) {
  const completed = sum(minutes.map((minute) => minute.completed));
  const failed = sum(minutes.map((minute) => minute.failed));
  const most = Math.max(...minutes.map((minute) => minute.completed + minute.failed), 0);
  const text =
    most === 0
      ? 'No job ended.'
      : `${plural(completed, 'job')} done${failed > 0 ? `, ${failed.toLocaleString()} failed` : ''}; at most ${most.toLocaleString()} in a minute.`;
  const height = (count: number) => (most === 0 ? 0 : (count / most) * (HEIGHT - 6));
  return (
    <Plot title="Jobs a minute" text={text}>
      {minutes.map((minute, at) => {
        const done = height(minute.completed);
        const lost = height(minute.failed);
        return (
          <g key={minute.start}>
            {done > 0 && <rect x={at * STEP} y={HEIGHT - done} width={STEP - 1} height={done} />}
            {lost > 0 && <rect class="bad" x={at * STEP} y={HEIGHT - done - lost} width={STEP - 1} height={lost} />}
          </g>
        );
      })}
    </Plot>
  );
}

function Latency({ minutes }: { minutes: readonly Minute[] }) {
  const measured = minutes.flatMap((minute, at) =>
    minute.medianMs === null || minute.slowestMs === null
      ? []
      : [{ at, median: minute.medianMs, slowest: minute.slowestMs }],
  );
  const most = Math.max(...measured.map(({ slowest }) => slowest), 1);
  const medians = measured.map(({ median }) => median).sort((a, b) => a - b);
  const middle = medians[Math.floor(medians.length / 2)];
  const text =
    middle === undefined
      ? 'No episode was read.'
      : `Usually ${inSeconds(middle)} from stored to readable, at most ${inSeconds(most)}; up to ten episodes of each minute are measured.`;
  const y = (ms: number) => HEIGHT - 2 - (ms / most) * (HEIGHT - 8);
  return (
    <Plot title="Time to read an episode" text={text}>
      {measured.map(({ at, median, slowest }) => {
        const x = at * STEP + STEP / 2;
        return (
          <g key={at}>
            <line x1={x} x2={x} y1={y(median)} y2={y(slowest)} />
            <circle cx={x} cy={y(median)} r="2.2" />
          </g>
        );
      })}
    </Plot>
  );
}

function Plot({ title, text, children }: { title: string; text: string; children: preact.ComponentChildren }) {
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title}: ${text}`} preserveAspectRatio="none">
        <line class="ground" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {children}
      </svg>
      <p class="axis" aria-hidden="true">
        <span>an hour ago</span>
        <span>now</span>
      </p>
      <p class="quiet">{text}</p>
    </figure>
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const inSeconds = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
