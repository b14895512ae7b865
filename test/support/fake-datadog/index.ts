export { type FakeDatadog, startFakeDatadog } from './agent.ts';
export type { MetricLine } from './metric-lines.ts';
export type { Span } from './spans.ts';
