import { ArchiveDamagedError } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Span, trace } from '../telemetry/tracing.ts';

/** A step of the work on archives. */
export type ArchiveStep =
  | 'renew'
  | 'export'
  | 'put'
  | 'check'
  | 'verify'
  | 'drill'
  | 'load'
  | 'index'
  | 'inspect'
  | 'ask'
  | 'replace'
  | 'prune';

/** The metrics of a step, in addition to its span. */
export interface StepMetrics {
  readonly metrics?: Metrics | undefined;
}

/** Failures that an inner step has counted already. */
const counted = new WeakSet<object>();

/** Runs a step in its own span, and records its duration and problems. */
export function timedStep<T>(
  { metrics }: StepMetrics,
  name: ArchiveStep,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const began = performance.now();
  const recordDuration = (outcome: 'ok' | 'failed') =>
    metrics?.record?.('opencode.memory.archive.duration', performance.now() - began, { step: name, outcome });
  return trace('memory.archive', { resource: name }, async (span) => {
    try {
      const result = await work(span);
      recordDuration('ok');
      return result;
    } catch (error) {
      recordDuration('failed');
      if (error instanceof ArchiveDamagedError && !counted.has(error)) {
        counted.add(error);
        countProblems({ metrics }, name, 1);
      }
      throw error;
    }
  });
}

/** Counts the differences between an archive and its manifest. */
export function countProblems({ metrics }: StepMetrics, name: ArchiveStep, problems: number): void {
  if (problems > 0) metrics?.increment('opencode.memory.archive.problems', { step: name }, problems);
}
