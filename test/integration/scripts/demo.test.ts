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
  'the demo answers the questions about a project, and leaves no process running when its output is closed',
  async () => {
    const exportDir = await mkdtemp(join(tmpdir(), 'memory-demo-test-'));
    onTestFinished(() => rm(exportDir, { recursive: true, force: true }));
    const [mark, { PATH = '', HOME = '' }] = [`demo-test-${randomUUID()}`, process.env];

    // The second part takes minutes on a busy machine.
    const pipe = "set -o pipefail; node scripts/demo.ts | sed '/^2[.] Real text/q'";
    const { status, stdout, stderr } = spawnSync('bash', ['-c', pipe], {
      cwd: ROOT,
      env: { PATH, HOME, MARK: mark, MEMORY_EXPORT_DIR: exportDir },
      encoding: 'utf8',
      timeout: 4 * MINUTE,
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Valkey and FalkorDB \(started for this demo\), a worker/);
    const steps = ['1. Drain the old', '2. Push the image', '3. Start the new', '4. Send it the traffic'];
    expect(answerIn(stdout, 'How is the gateway deployed?')).toMatch(new RegExp(steps.join('.*\\n.*')));
    expect(answerIn(stdout, 'Which environments does Harbor have?')).toMatch(/- dev.*\n.*- staging.*\n.*- production/);
    expect(answerIn(stdout, 'Which port does the gateway listen on?')).toMatch(/^- .*now listens on port 9090/m);
    expect(answerIn(stdout, 'Which port does the gateway listen on?')).not.toContain('listens on port 8080');
    expect(answerIn(stdout, 'Who painted the lighthouse on the island?')).toBe('Nothing relevant is known.');
    expect(stdout).toMatch(/^Rules and preferences of the user:\n- Always run the linter before you commit\. \(/m);
    await until('the end of all that it started', () => processesWith(mark).length === 0);
  },
);

/** What the demo prints below a question. */
const answerIn = (output: string, question: string): string =>
  output.split(`> ${question}\n`)[1]?.split('\n\n')[0] ?? '';
