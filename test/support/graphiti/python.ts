import { spawnSync } from 'node:child_process';

/** Whether this machine has a python3. Only its standard library is used. */
export const isPythonThere = spawnSync('python3', ['-c', ''], { timeout: 120_000 }).status === 0;
export const pythonNote = isPythonThere ? '' : ' (skipped: no python3 on this machine)';

const PROGRAM = `
import datetime, sys
for line in sys.stdin.read().splitlines():
    try:
        date = datetime.datetime.fromisoformat(line)
        print(date.isoformat(), date.utcoffset())
    except ValueError:
        print('ValueError')
`;

/** Python's own reading of dates: `isoformat()` and the offset, or `ValueError`. One process reads all dates. */
export function pythonReads(dates: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', PROGRAM], {
    input: dates.join('\n'),
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return stdout.trimEnd().split('\n');
}
