/** A percentage on one line of stderr, only on a terminal. */
export function progressLine(what: string): { show(share: number): void; end(): void } {
  const isTerminal = process.stderr.isTTY === true;
  return {
    show(share) {
      if (isTerminal) process.stderr.write(`\r${what} ${Math.round(share * 100)} %`);
    },
    end() {
      if (isTerminal) process.stderr.write('\r\x1b[K');
    },
  };
}
