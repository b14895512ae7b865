import { parseArgs } from 'node:util';
import { InvalidInput } from '../errors.ts';
import { DAY, SECOND } from '../time.ts';
import type { Call, Command } from './command.ts';

const EVERYWHERE = {
  group: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** @throws InvalidInput for an option that the command does not have, or too many or too few arguments */
export function parse(name: string, command: Command, args: readonly string[]): Call {
  const { values, positionals } = read(name, command, args);
  const [least, most] = command.arguments;
  const see = `see memory-manager ${name} --help`;
  if (positionals.length < least) throw new InvalidInput(`${name} needs more arguments; ${see}.`);
  if (positionals.length > most)
    throw new InvalidInput(
      `${name} takes ${most || 'no'} argument${most === 1 ? '' : 's'}; put text in quotes (${see}).`,
    );
  const text = (option: string) => values[option] as string | undefined;
  const number = (option: string, from: number, to: number) => {
    const given = text(option);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (given.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidInput(`--${option} must be a whole number from ${from} to ${to}, not "${given}".`);
  };
  const timeout = number('timeout', 1, DAY / SECOND);
  return {
    args: positionals,
    text,
    number,
    flag: (option) => values[option] === true,
    group: text('group'),
    json: values.json === true,
    timeout: timeout && timeout * SECOND,
  };
}

function read(name: string, command: Command, args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...EVERYWHERE, ...command.options },
      allowPositionals: true,
      strict: true,
    }) as { values: Record<string, unknown>; positionals: string[] };
  } catch (error) {
    // Node's own sentences ("Unknown option '--x'. To specify a positional …") say more than helps.
    const [message = ''] = (error as Error).message.split(/\. |\n/);
    throw new InvalidInput(`${message.replace(/\.$/, '')}; see memory-manager ${name} --help.`, { cause: error });
  }
}
