import type { Carrier } from '../telemetry/carrier.ts';
import type { Extracted } from './extract.ts';

/** An extracted episode of this process that waits to be written. */
export interface OwnEpisode {
  readonly extracted: Extracted;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its commit's span. */
  readonly carrier: Carrier | undefined;
  /** True once other workers may know of it. */
  isShown: boolean;
  readonly written: PromiseWithResolvers<Carrier | undefined>;
}

/** What this process has waiting in one group, by uuid. */
export type Line = Map<string, OwnEpisode>;
