import type { Metrics } from '../telemetry/metrics.ts';
import { type Span, type SpanOptions, trace } from '../telemetry/tracing.ts';

/** The stages of an ingestion that have spans (`memory.record` …) and are timed. */
export type Stage = 'record' | 'extract' | 'embed' | 'commit' | 'write' | 'resolve';

/** Runs a stage's work in a span and records its duration. */
export type StageTimer = <T>(stage: Stage, options: SpanOptions, work: (span: Span) => Promise<T>) => Promise<T>;

export function openStageTimer(metrics: Metrics): StageTimer {
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

/** Tags of every span of an episode. */
export function episodeTags({ group, uuid }: { readonly group: string; readonly uuid: string }) {
  return { group, episode: uuid };
}
