import { styleText } from 'node:util';

/** A number with its noun: `1 fact`, `2 facts`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

/** A word in colour on a terminal, unless NO_COLOR is set. */
export const coloured = (colour: 'green' | 'yellow' | 'red', word: string): string =>
  styleText(colour, word, { stream: process.stdout });

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
