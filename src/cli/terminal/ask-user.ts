import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { CommandCall } from '../command.ts';

/**
 * Asks on a terminal, unless `--yes` was given. Elsewhere the answer is no, and standard error names `--yes`.
 * @param nothingDone such as `Nothing was changed`
 * @param purpose     what `--yes` is for, such as `to make this change`
 */
export async function confirmWithUser(
  call: CommandCall,
  question: string,
  nothingDone: string,
  purpose: string,
): Promise<boolean> {
  if (call.flag('yes')) return true;
  if (!process.stdin.isTTY || call.json) {
    console.error(`${nothingDone}; add --yes ${purpose}.`);
    return false;
  }
  if (await askYesOrNo(question)) return true;
  console.error(`${nothingDone}.`);
  return false;
}

/** The user's terminal; given by tests. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Asks on a terminal. Anything but yes is no, also Ctrl-C and the end of the input. */
export async function askYesOrNo(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  const terminal = createInterface({ input, output });
  // Only a terminal rejects an interrupted question; for any other input `close` is the only sign of the end.
  const interrupted = once(terminal, 'close').then(() => undefined);
  const asked = terminal.question(`${question} [y/N] `).catch(() => undefined);
  const answer = await Promise.race([asked, interrupted]);
  terminal.close();
  // So that the next output begins on a new line.
  if (answer === undefined) output.write('\n');
  return answer !== undefined && /^y(es)?$/i.test(answer.trim());
}
