import type { EpisodeReference } from '../memory/results.ts';
import { truncated } from '../text.ts';
import { LIMITS } from './schemas.ts';

/** An episode for a list. The file says more than the source description, which is often only a program's name. */
export function sourceOf({ uuid, name, referenceTime, sourceDescription, file, session }: EpisodeReference) {
  const origin = file ?? sourceDescription;
  return {
    ...{ uuid, name, referenceTime, session: session ?? null },
    origin: origin === undefined ? null : truncated(origin, LIMITS.preview),
  };
}
