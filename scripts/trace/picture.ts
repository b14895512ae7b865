import type { Span } from '../../test/support/fake-datadog/index.ts';

const WIDTH = 920;
const LEFT = 300;
const RIGHT = 72;
const TOP = 84;
const ROW = 22;
const BAR = 14;

/** Who did it, with the colour of its bars and of their edges. */
const KINDS = {
  caller: ['#fdf0e2', '#d9a066'],
  queue: ['#eceef2', '#9aa3b0'],
  worker: ['#e4eefa', '#7fa8d6'],
  model: ['#f0e9f8', '#a98bc9'],
  graph: ['#e3f3e5', '#7fb888'],
} as const;
type Kind = keyof typeof KINDS;

interface Row {
  readonly span: Span;
  readonly depth: number;
}

/** A trace as an SVG: a line for each span, below the one that it belongs to, with a bar from its beginning to its end. */
export function tracePicture(spans: readonly Span[]): string {
  const began = Math.min(...spans.map(({ start }) => start));
  const whole = Math.max(...spans.map(({ start, took }) => start + took)) - began;
  const scale = (WIDTH - LEFT - RIGHT) / whole;
  const rows = inOrder(spans);
  const height = TOP + rows.length * ROW + 20;
  const caller = rows[0]?.span.tags.process_id;
  const bars = rows.map(({ span, depth }, index) => {
    const [x, y] = [LEFT + (span.start - began) * scale, TOP + index * ROW];
    const width = Math.max(span.took * scale, 2);
    const [fill, edge] = KINDS[kindOf(span, caller)];
    return `    <text x="${24 + depth * 12}" y="${y + 11}">${label(span)}</text>
    <rect x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR}" rx="3" fill="${fill}" stroke="${edge}"/>
    <text x="${round(x + width + 6)}" y="${y + 11}" fill="#5b6472">${time(span.took)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12">
  <title>One trace: from a program that stores an episode to the last write of the graph</title>
  <rect width="${WIDTH}" height="${height}" rx="12" fill="#fbfbf9"/>
  <text x="24" y="34" font-size="15" font-weight="600" fill="#1f2733">One trace, from the call to the committed fact</text>
  <g fill="#5b6472">
${legend()}
  </g>
  <g stroke="#e6e8ec">
${grid(whole, scale, height)}
  </g>
  <g fill="#1f2733">
${bars.join('\n')}
  </g>
</svg>
`;
}

/** Each below its parent, those of one parent by their beginnings. */
function inOrder(spans: readonly Span[]): Row[] {
  const ids = new Set(spans.map(({ id }) => id));
  const below = (parent: string | undefined, depth: number): Row[] =>
    spans
      .filter((span) => (parent === undefined ? !ids.has(span.parent ?? '') : span.parent === parent))
      .sort((a, b) => a.start - b.start)
      .flatMap((span) => [{ span, depth }, ...below(span.id, depth + 1)]);
  return below(undefined, 0);
}

function kindOf({ name, tags }: Span, caller: string | number | undefined): Kind {
  if (name.startsWith('bullmq.')) return 'queue';
  if (name === 'memory.model') return 'model';
  if (name === 'memory.write' || name === 'memory.record') return 'graph';
  return tags.process_id === caller || tags.process_id === undefined ? 'caller' : 'worker';
}

/** The name, with the resource where that says more. */
function label({ name, resource }: Span): string {
  return name === resource || name.endsWith(`.${resource}`)
    ? name
    : `${name} <tspan fill="#5b6472">${resource}</tspan>`;
}

function legend(): string {
  let x = 24;
  return Object.entries(KINDS)
    .map(([kind, [fill, edge]]) => {
      const [left, text] = [x, x + 18];
      x = text + kind.length * 6.6 + 20;
      return `    <rect x="${round(left)}" y="46" width="12" height="12" rx="3" fill="${fill}" stroke="${edge}"/><text x="${round(text)}" y="56">${kind}</text>`;
    })
    .join('\n');
}

function grid(whole: number, scale: number, height: number): string {
  const step = [50, 100, 200, 500, 1000, 2000].find((each) => whole / each <= 8) ?? 5000;
  const lines = Array.from({ length: Math.floor(whole / step) + 1 }, (_, index) => index * step);
  return lines
    .map((at) => {
      const x = round(LEFT + at * scale);
      return `    <path d="M${x} ${TOP - 6}V${height - 14}"/><text x="${x}" y="${TOP - 12}" stroke="none" fill="#5b6472" text-anchor="middle">${at} ms</text>`;
    })
    .join('\n');
}

const round = (number: number): number => Math.round(number * 10) / 10;
const time = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);
