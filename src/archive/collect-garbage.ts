import { Session } from 'node:inspector';
import { getHeapStatistics } from 'node:v8';

/*
 * Work on the vectors of a whole graph creates thousands of short-lived objects for each vector. V8 lets 200 MB of garbage gather where 20 MB
 * are in use. V8's flags for less memory would apply to all other work of the process. Its inspector collects garbage on request, in this
 * process and without a port.
 */

/** Maximum bytes of garbage. */
const MAX_GARBAGE = 40_000_000;

let running = 0;
/** Bytes in use after the last collection. */
let baseline = Number.POSITIVE_INFINITY;
let session: Session | undefined;
let isCollecting = false;

/** Runs work during which `collectGarbage` has an effect. */
export async function withGarbageCollection<T>(work: () => Promise<T>): Promise<T> {
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    if (running === 0) disconnect();
  }
}

/** Called between pages of such work: has V8 collect the garbage once there is too much. */
export function collectGarbage(): void {
  if (running === 0 || isCollecting) return;
  const used = bytesInUse();
  baseline = Math.min(baseline, used);
  if (used < baseline + MAX_GARBAGE) return;
  session ??= connect();
  if (!session) return;
  isCollecting = true;
  session.post('HeapProfiler.collectGarbage', () => {
    isCollecting = false;
    baseline = bytesInUse();
  });
}

/** Undefined where Node's permission model forbids the inspector: then more garbage gathers. */
function connect(): Session | undefined {
  try {
    const opened = new Session();
    opened.connect();
    return opened;
  } catch {
    return undefined;
  }
}

function disconnect(): void {
  session?.disconnect();
  session = undefined;
  isCollecting = false;
}

/** Includes buffers, which are outside the heap and are freed with their objects. */
function bytesInUse(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}
