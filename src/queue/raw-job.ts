/** A job as it lies in Valkey, read so that nothing in it can make the reading fail. */
export interface RawJob {
  readonly name: string;
  /** Parsed; the text itself where it is no JSON. */
  readonly data: unknown;
  /** As `opts.telemetry` of BullMQ's job. */
  readonly telemetry: { readonly metadata: string } | undefined;
  readonly failedReason: string;
  /** Of the failures, oldest first. */
  readonly stacktrace: readonly string[];
  readonly attemptsMade: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/**
 * BullMQ's own reader gives up a whole page of jobs when one of them holds broken JSON. The names of fields are those of BullMQ 6.7.
 * @param hash what `HGETALL` gives; undefined comes back for none
 */
export function rawJob(hash: Readonly<Record<string, string>>): RawJob | undefined {
  if (Object.keys(hash).length === 0) return undefined;
  const { tm: metadata } = (parsed(hash.opts) ?? {}) as { tm?: unknown };
  const stacktrace = parsed(hash.stacktrace);
  return {
    name: hash.name ?? '',
    data: parsed(hash.data),
    telemetry: typeof metadata === 'string' ? { metadata } : undefined,
    failedReason: hash.failedReason ?? '',
    stacktrace: Array.isArray(stacktrace) ? stacktrace.map(String) : [],
    attemptsMade: Number(hash.atm) || 0,
    timestamp: Number(hash.timestamp) || 0,
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
