import type { B2Settings } from '../../../config.ts';
import type { Metrics } from '../../../telemetry/metrics.ts';
import { type ArchiveStore, checkName, putStep, STALE, tally } from '../store.ts';
import { download } from './download.ts';
import { PATIENCE, type Patience } from './failures.ts';
import { cancelUnfinished, listFiles, removeFile } from './files.ts';
import { placeName, readPlace } from './place.ts';
import { openSession } from './session.ts';
import { upload } from './upload.ts';

export interface B2StoreOptions {
  readonly patience?: Partial<Patience>;
  /** Bytes that are sent at once and held in memory for it. At least what B2 asks for, which is 5 MB. */
  readonly partSize?: number;
  readonly metrics?: Metrics | undefined;
}

const MB = 1_000_000;

/**
 * Archives in a bucket of Backblaze B2. No request is sent before it is needed.
 * @throws ConfigError when a setting is missing or cannot be used
 */
export function b2Store(
  settings: B2Settings,
  { patience, partSize = 8 * MB, metrics }: B2StoreOptions = {},
): ArchiveStore {
  const place = readPlace(settings);
  const session = openSession(place, { ...PATIENCE, ...patience }, metrics);
  return {
    place: placeName(place),
    metrics,
    async put(name, content) {
      const fileName = place.prefix + checkName(name);
      return putStep({ metrics }, async (span) => {
        const counted = tally(content);
        span.tag('parts', await upload(session, fileName, counted, partSize));
        return counted.result();
      });
    },
    async *get(name, from = 0) {
      yield* download(session, checkName(name), from);
    },
    list: (beginning = '') => listFiles(session, beginning),
    remove: async (name) => removeFile(session, place.prefix + checkName(name)),
    sweep: (untouchedFor = STALE) => cancelUnfinished(session, untouchedFor),
  };
}
