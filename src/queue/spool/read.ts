import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { InvalidInput } from '../../errors.ts';
import { readStoreJob } from '../jobs.ts';
import type { SpooledEpisode } from './spool.ts';

/** A change of its shape gets a new version; old files must stay readable. */
const file = z.strictObject({
  version: z.literal(1),
  episodes: z.array(z.strictObject({ given: z.boolean(), job: z.unknown(), trace: z.record(z.string(), z.string()) })),
});

/** Undefined when it is gone, since somebody else was quicker. @throws InvalidInput when it cannot be read */
export async function readSpooled(path: string): Promise<SpooledEpisode[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InvalidInput(`The file cannot be read (${error.code}).`, { cause: error });
  });
  if (text === undefined) return undefined;
  const parsed = file.safeParse(parse(text));
  if (!parsed.success)
    throw new InvalidInput('The file is no episode that this version can read.', { cause: parsed.error });
  return parsed.data.episodes.map(({ given, job, trace }) => ({ episode: readStoreJob(job), given, carrier: trace }));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
