import { SECOND } from '../../../time.ts';
import type { PluginContext, ServiceEvent } from './host.ts';

/** Pause before a stream that ended is opened again. */
const PAUSE = SECOND;

/** Passes on the host's events in order, and opens the stream again when it breaks off. Returns the function that stops this. */
export function followEvents(context: PluginContext, onEvent: (event: ServiceEvent) => Promise<void>): () => void {
  let stream: AsyncIterator<ServiceEvent> | undefined;
  let isEnded = false;

  async function pass(): Promise<void> {
    stream = context.event.subscribe()[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await stream.next();
      if (done || isEnded) return;
      await onEvent(value);
    }
  }
  async function run(): Promise<void> {
    while (!isEnded) {
      await pass().catch(() => undefined);
      if (!isEnded) await new Promise((resolve) => void setTimeout(resolve, PAUSE).unref?.());
    }
  }

  void run();
  return () => {
    isEnded = true;
    try {
      // Not awaited: a stream may end only with its next event.
      stream?.return?.()?.catch(() => undefined);
    } catch {}
  };
}
