import { parseArgs } from 'node:util';
import { InvalidInputError } from '../errors.ts';
import { DAY, SECOND } from '../time.ts';
import type { Call, Command } from './command.ts';

const EVERYWHERE = {
  group: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** @throws InvalidInputError for an option that the command does not have, or too many or too few arguments */
export function parse(name: string, command: Command, args: readonly string[]): Call {
  const { values, positionals } = read(name, command, args);
  const [least, most] = command.arguments;
  const see = `see memory-manager ${name} --help`;
  if (positionals.length < least) throw new InvalidInputError(`${name} needs more arguments; ${see}.`);
  if (positionals.length > most)
    throw new InvalidInputError(
      `${name} takes ${least < most ? 'at most ' : ''}${most || 'no'} argument${most === 1 ? '' : 's'}; put text in quotes (${see}).`,
    );
  const list = (option: string) => [values[option] ?? []].flat() as string[];
  const text = (option: string) => list(option).at(-1);
  const number = (option: string, from: number, to: number) => {
    const given = text(option);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (given.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidInputError(`--${option} must be a whole number from ${from} to ${to}, not "${given}".`);
  };
  const timeout = number('timeout', 1, DAY / SECOND);
  return {
    args: positionals,
    text,
    list,
    number,
    flag: (option) => values[option] === true,
    group: text('group'),
    json: values.json === true,
    timeout: timeout && timeout * SECOND,
  };
}

type Value = string | boolean | (string | boolean)[];

function read(name: string, command: Command, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: args.map(marked),
      options: { ...EVERYWHERE, ...command.options },
      allowPositionals: true,
      strict: true,
    }) as { values: Record<string, Value>; positionals: string[] };
    return {
      values: Object.fromEntries(Object.entries(values).map(([option, value]) => [option, unmarkedAll(value)])),
      positionals: positionals.map(unmarked),
    };
  } catch (error) {
    // Node's own sentences ("Unknown option '--x'. To specify a positional …") are too long.
    const [message = ''] = (error as Error).message.split(/\. |\n/);
    throw new InvalidInputError(`${message.replace(/\.$/, '')}; see memory-manager ${name} --help.`, { cause: error });
  }
}

/** A character that no argument of a process can contain. */
const MARK = '\0';

/** Texts such as "- a point of a list" begin like an option, which no option with white space before any "=" can be. */
const marked = (arg: string): string => (/^-[^=]*\s/.test(arg) ? MARK + arg : arg);
const unmarked = (arg: string): string => (arg.startsWith(MARK) ? arg.slice(MARK.length) : arg);

function unmarkedAll(value: Value): Value {
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'string' ? unmarked(one) : one));
  return typeof value === 'string' ? unmarked(value) : value;
}
