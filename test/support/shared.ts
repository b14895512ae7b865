import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of the shared folder beside the project, or nothing where it is not there. */
export function sharedFile(path: string): string | undefined {
  const file = fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
  return existsSync(file) ? file : undefined;
}
