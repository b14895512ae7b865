import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { MINUTE } from '../../../src/time.ts';
import { until } from '../../support/wait.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Processes that were started with this text in their environment, by whomever. */
function processesWith(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    });
}

test.skipIf(!existsSync('/proc/self/environ'))(
  'a demo whose output nobody reads to the end leaves nothing running and no word of it',
  async () => {
    const exportDir = await mkdtemp(join(tmpdir(), 'memory-demo-test-'));
    onTestFinished(() => rm(exportDir, { recursive: true, force: true }));
    const [mark, { PATH = '', HOME = '' }] = [`demo-test-${randomUUID()}`, process.env];

    const { status, stdout, stderr } = spawnSync('bash', ['-c', 'set -o pipefail; node scripts/demo.ts | head -n 1'], {
      cwd: ROOT,
      env: { PATH, HOME, MARK: mark, MEMORY_EXPORT_DIR: exportDir },
      encoding: 'utf8',
      timeout: 4 * MINUTE,
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Valkey and FalkorDB \(started for this demo\), a worker/);
    await until('the end of all that it started', () => processesWith(mark).length === 0);
  },
);
