import type { Metrics } from '../../../telemetry/metrics.ts';
import { type ArchiveStore, checkArchiveFileName, measureContent, STALE_AFTER, timedPut } from '../archive-store.ts';
import { type CallPolicy, DEFAULT_CALL_POLICY } from '../remote-calls.ts';
import type { B2Settings } from './declaration.ts';
import { download } from './download.ts';
import { cancelUnfinished, deleteFile, listFiles } from './files.ts';
import { locationName, readLocation } from './location.ts';
import { openB2Session } from './session.ts';
import { upload } from './upload.ts';

export interface B2StoreOptions {
  /** Limits and pauses of requests that differ from `DEFAULT_CALL_POLICY`. */
  readonly policy?: Partial<CallPolicy>;
  /** Bytes of one request, which are held in memory; default 8 MB. B2's minimum (5 MB) is used where that is larger. */
  readonly partSize?: number;
  /** Counts retries and bytes. */
  readonly metrics?: Metrics | undefined;
}

const MB = 1_000_000;

/**
 * Archives in a bucket of Backblaze B2. No request is sent before it is needed.
 * @throws ConfigError when a setting is missing or cannot be used
 */
export function b2Store(
  settings: B2Settings,
  { policy, partSize = 8 * MB, metrics }: B2StoreOptions = {},
): ArchiveStore {
  const place = readLocation(settings);
  const session = openB2Session(place, { ...DEFAULT_CALL_POLICY, ...policy }, metrics);
  return {
    location: locationName(place),
    metrics,
    async put(name, content) {
      const fileName = place.prefix + checkArchiveFileName(name);
      return timedPut({ metrics }, async (span) => {
        const counted = measureContent(content);
        span.tag('parts', await upload(session, fileName, counted, partSize));
        return counted.result();
      });
    },
    async *get(name, from = 0) {
      yield* download(session, checkArchiveFileName(name), from);
    },
    list: (namePrefix = '') => listFiles(session, namePrefix),
    remove: async (name) => deleteFile(session, place.prefix + checkArchiveFileName(name)),
    sweep: (untouchedForMs = STALE_AFTER) => cancelUnfinished(session, untouchedForMs),
  };
}
