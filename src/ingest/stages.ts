import type { Metrics } from '../telemetry/metrics.ts';
import { type Span, type SpanOptions, trace } from '../telemetry/tracing.ts';

/** The parts of an episode's way into the graph that are seen as spans (`memory.record` …) and timed. */
export type Stage = 'record' | 'extract' | 'embed' | 'commit' | 'write' | 'resolve';

/** Does a stage's work, seen and timed. */
export type Stages = <T>(stage: Stage, options: SpanOptions, work: (span: Span) => Promise<T>) => Promise<T>;

export function openStages(metrics: Metrics): Stages {
  return (stage, options, work) =>
    trace(`memory.${stage}`, options, async (span) => {
      const began = performance.now();
      try {
        return await work(span);
      } finally {
        metrics.record?.('opencode.memory.stage', performance.now() - began, { stage });
      }
    });
}

/** What every span of an episode says about it. */
export function tagsOf({ group, uuid }: { readonly group: string; readonly uuid: string }) {
  return { group, episode: uuid };
}
