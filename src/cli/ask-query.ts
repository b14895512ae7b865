import { writeSync } from 'node:fs';
import { homeFolder } from '../home.ts';
import { assertPrivateHome } from '../private-home.ts';
import { SECOND } from '../time.ts';
import { askWorker } from '../worker-socket/ask.ts';

// A bundle of its own, with what these calls need and nothing else; see rolldown.config.mjs.

/** The kind of question on a worker's socket. */
export const QUERY = 'query';
/** Commands wait for the servers themselves afterwards, and promise an error within 15 s. */
const ANSWERS_WITHIN = 2 * SECOND;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Prints what `query` prints, if this home's worker answers. False if not, for any reason, such as an invalid option: then nothing is
 * printed, and the command has to do its work itself. Never throws.
 * @param args      the arguments after `query`
 * @param getStdout standard output as a stream that handles its errors, to which a text is written that cannot be printed at once
 */
export async function printAnswerOfWorker(
  args: readonly string[],
  environment: Environment,
  getStdout: () => NodeJS.WritableStream,
): Promise<boolean> {
  // A traced command has spans of its own.
  if (Object.keys(environment).some((name) => name.startsWith('DD_'))) return false;
  const home = homeFolder(environment);
  try {
    assertPrivateHome(home);
  } catch {
    return false;
  }
  const deadline = performance.now() + ANSWERS_WITHIN;
  const asked = await askWorker({ home, environment, ask: QUERY, body: { args }, deadline });
  if (typeof asked?.answer !== 'string') return false;
  print(`${asked.answer}\n`, getStdout);
  return true;
}

function print(text: string, getStdout: () => NodeJS.WritableStream): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch {
    // The stream waits for the reader of a full pipe that does not block, and reports any other failure.
    getStdout().write(bytes.subarray(written));
  }
}
