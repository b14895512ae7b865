import { ArchiveDamaged } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Span, trace } from '../telemetry/tracing.ts';

/** A piece of the work on archives. */
export type Step =
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

/** To whom it is told, beside the trace. */
export interface Watched {
  readonly metrics?: Metrics | undefined;
}

/** Failures that were counted where they were found, and not again by each step around that. */
const counted = new WeakSet<object>();

/** Does a step within a span of its own, and tells how long it took and what was found wrong. */
export function step<T>({ metrics }: Watched, name: Step, work: (span: Span) => Promise<T>): Promise<T> {
  const began = performance.now();
  const tell = (outcome: 'ok' | 'failed') =>
    metrics?.record?.('opencode.memory.archive.duration', performance.now() - began, { step: name, outcome });
  return trace('memory.archive', { resource: name }, async (span) => {
    try {
      const result = await work(span);
      tell('ok');
      return result;
    } catch (error) {
      tell('failed');
      if (error instanceof ArchiveDamaged && !counted.has(error)) {
        counted.add(error);
        tellProblems({ metrics }, name, 1);
      }
      throw error;
    }
  });
}

/** Counts what differs between an archive and its manifest. */
export function tellProblems({ metrics }: Watched, name: Step, problems: number): void {
  if (problems > 0) metrics?.increment('opencode.memory.archive.problems', { step: name }, problems);
}
