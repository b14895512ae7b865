import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Written after a build; its time is that of the build's begin. */
export const BUILT = join(ROOT, 'dist', '.memory-manager-build');

/** Whether `dist` was built from the sources as they are now. */
export function isBuilt() {
  const changed = Math.max(...['src', 'workers', 'page', 'package-lock.json'].map((name) => newest(join(ROOT, name))));
  return existsSync(BUILT) && statSync(BUILT).mtimeMs >= changed;
}

/** When the youngest file or folder below was changed; a folder changes when a file in it is added or removed. */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
