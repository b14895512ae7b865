import type { Span } from '../../telemetry/tracing.ts';
import { step, type Watched } from '../step.ts';
import type { Stored } from './store.ts';

/** Writes a file and tells how many bytes it took. */
export function putStep(watched: Watched, work: (span: Span) => Promise<Stored>): Promise<Stored> {
  return step(watched, 'put', async (span) => {
    const stored = await work(span);
    span.tag('bytes', stored.bytes);
    watched.metrics?.increment('opencode.memory.archive.bytes', {}, stored.bytes);
    return stored;
  });
}
