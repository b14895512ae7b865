import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no file system can be mounted here; empty if it can. Mounting needs root on Linux. */
export const noSmallDisk = (() => {
  if (process.platform !== 'linux') return ' (skipped: it mounts a tmpfs, which takes Linux)';
  const folder = mkdtempSync(join(tmpdir(), 'memory-disk-'));
  try {
    mount(folder, 64);
    execFileSync('umount', [folder], { stdio: 'pipe' });
    return '';
  } catch {
    return ' (skipped: this user cannot mount a tmpfs)';
  } finally {
    rmdirSync(folder);
  }
})();

/** A separate file system that can run full. */
export interface SmallDisk {
  /** Uses all free space. */
  fill(): void;
  /** Frees some kilobytes, or everything that `fill` used. */
  free(kilobytes?: number): void;
  unmount(): void;
}

const BLOCK = Buffer.alloc(4096, 'x');

export function mountSmallDisk(folder: string, kilobytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  mount(folder, kilobytes);
  const filler = join(folder, 'filler');
  let filled = 0;
  return {
    fill() {
      for (;;)
        try {
          appendFileSync(filler, BLOCK);
          filled += BLOCK.length;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          return;
        }
    },
    free(kilobytes) {
      filled = kilobytes === undefined ? 0 : Math.max(0, filled - kilobytes * 1024);
      if (filled === 0) rmSync(filler, { force: true });
      else truncateSync(filler, filled);
    },
    unmount() {
      execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' });
    },
  };
}

function mount(folder: string, kilobytes: number): void {
  const options = `size=${kilobytes}k,mode=700,uid=${process.getuid?.() ?? 0}`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'memory-manager-test', folder], { stdio: 'pipe' });
}
