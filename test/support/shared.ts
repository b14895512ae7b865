import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of the shared folder beside the project; undefined if it does not exist. */
export function sharedFile(path: string): string | undefined {
  const file = fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
  return existsSync(file) ? file : undefined;
}
