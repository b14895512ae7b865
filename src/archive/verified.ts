import * as z from 'zod/mini';
import { type Manifest, pieces, readSmall, stem } from './manifest.ts';
import type { ArchiveStore } from './stores/store.ts';

const shape = z.object({
  format: z.literal('memory-manager-verified'),
  file: z.string(),
  sha256: z.string(),
  verified_at: z.iso.datetime(),
  /** When it was restored on trial last; null for never. */
  restored_at: z.nullable(z.iso.datetime()),
});

/** A note beside an archive that it was found whole. */
export type Verified = z.output<typeof shape>;

export const verifiedName = (file: string): string => `${stem(file)}.verified.json`;

/** Notes it, keeping when it was last restored. */
export async function noteVerified(
  store: ArchiveStore,
  { file, sha256 }: Manifest,
  { restored, now }: { restored: boolean; now: Date },
): Promise<Verified> {
  const before = restored ? undefined : await readVerified(store, file, sha256);
  const note: Verified = {
    format: 'memory-manager-verified',
    file,
    sha256,
    verified_at: now.toISOString(),
    restored_at: restored ? now.toISOString() : (before?.restored_at ?? null),
  };
  await store.put(verifiedName(file), pieces(`${JSON.stringify(note, null, 2)}\n`));
  return note;
}

/** Undefined when the archive was never found whole, or is another one since. */
export async function readVerified(store: ArchiveStore, file: string, sha256: string): Promise<Verified | undefined> {
  const name = verifiedName(file);
  // Asked first, since a store that is away must not look like one without the note.
  if (!(await store.list(name)).some((it) => it.name === name)) return undefined;
  const parsed = shape.safeParse(parse(await readSmall(store, name)));
  return parsed.success && parsed.data.sha256 === sha256 ? parsed.data : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
