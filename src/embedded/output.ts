/** What Valkey and Redis put before each line of their log: process, time and level. */
const PREFIX = /^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ ([.\-*#]) /;

/** Lines that follow the reason of a failed start, or warn of something else. */
const BESIDE_THE_POINT = /aborting\.?$|exiting|bye bye|overcommit|transparent huge pages|TCP backlog/i;

/** The line of a server's output that tells best why it ended; empty when it said nothing. */
export function lastUsefulLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const useful = lines.filter((line) => line !== '' && !BESIDE_THE_POINT.test(line));
  const warnings = useful.filter((line) => !PREFIX.test(line) || PREFIX.exec(line)?.[1] === '#');
  return (warnings.at(-1) ?? useful.at(-1) ?? '').replace(PREFIX, '');
}

/** True when the server ended because another process listens on its port. */
export function saysPortTaken(output: string): boolean {
  return /address already in use/i.test(output);
}
