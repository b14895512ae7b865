import { SETTINGS } from '../../settings.ts';

/** The value of MEMORY_SPOOL_LIMIT; undefined if it is not valid. */
export const readSpoolLimit = (setting: string): number | undefined =>
  SETTINGS.MEMORY_SPOOL_LIMIT.shape.safeParse(setting).data;
