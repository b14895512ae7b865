import { REDACTION_PATTERNS, redact } from '../src/redaction/redact.ts';
import { hostileShapes, hostileText } from '../test/support/adversarial.ts';
import { inMilliseconds, type Row } from './table.ts';

const MEGABYTE = 1_000_000;
const SHAPES = 200;

/** Processor time for a megabyte of the slowest text for each pattern. */
export function measureRedaction(): Row[] {
  const all = hostileShapes(REDACTION_PATTERNS);
  const step = all.length / SHAPES;
  const taken = Array.from({ length: SHAPES }, (_, at) => all[Math.floor(at * step)]).flatMap((shape) => {
    if (!shape) return [];
    const text = hostileText(shape, MEGABYTE);
    const before = process.cpuUsage();
    redact(text);
    const { user, system } = process.cpuUsage(before);
    return [(user + system) / 1_000];
  });
  const sorted = taken.sort((a, b) => a - b);
  const [median, slowest] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
  return [
    {
      figure: `redacting 1 MB of any of ${SHAPES} hostile shapes`,
      measured: `median ${inMilliseconds(median)}, slowest ${inMilliseconds(slowest)}`,
      goal: '< 250 ms',
      reached: slowest < 250,
    },
  ];
}
