import { type ParseArgsConfig, parseArgs } from 'node:util';
import { closestName } from '../closest-name.ts';
import { InvalidInputError } from '../errors.ts';
import { DAY, SECOND } from '../time.ts';
import { AUTO_GROUP } from './auto-group.ts';
import { parseDate } from './terminal/date-words.ts';

/** One command: its help text, its options, and the function that runs it. */
export interface Command {
  readonly help: string;
  /** Options in addition to those of every command. */
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Minimum and maximum number of arguments. */
  readonly arguments: readonly [number, number];
  /** True for a command that handles `--group auto` itself. For all others it is replaced by the memory of the working folder's project. */
  readonly readsAuto?: true;
  /**
   * Which variables that are no settings the command warns of. `all` for commands that fix the settings of other processes; `none` where the
   * warning would be shown at every call. Default: those that resemble a setting.
   */
  readonly unknownSettings?: 'all' | 'none';
  /** True for a command that serves until it is stopped: its calls and jobs have their own traces, and its span would never end. */
  readonly isServer?: true;
  /** Returns the exit status: 0 on success. */
  run(call: CommandCall): Promise<number>;
}

/** A command line, parsed. */
export interface CommandCall {
  readonly args: readonly string[];
  /** The last value of an option that may be repeated. */
  readonly text: (option: string) => string | undefined;
  /** Every value of an option that may be repeated, in their order. */
  readonly list: (option: string) => readonly string[];
  readonly flag: (option: string) => boolean;
  /** A whole number from `least` to `most`. @throws InvalidInputError */
  readonly number: (option: string, least: number, most: number) => number | undefined;
  /** ISO 8601, or words such as "yesterday". @throws InvalidInputError unless it is a date */
  readonly time: (option: string) => Date | undefined;
  readonly group: string | undefined;
  /** `group` as an option of the memory's functions. */
  readonly groupOption: { readonly group?: string };
  readonly json: boolean;
  /** `--timeout`, for commands that have it, as an option of the memory's functions. */
  readonly timeoutOption: { readonly timeoutMs?: number };
}

const OPTIONS_OF_EVERY_COMMAND = {
  group: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/**
 * @param groupOfFolder the memory for `--group auto`
 * @throws InvalidInputError for an option that the command does not have, or too many or too few arguments
 */
export function parseCall(
  name: string,
  command: Command,
  args: readonly string[],
  groupOfFolder?: string,
): CommandCall {
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
    const digits = text(option);
    if (digits === undefined) return undefined;
    const value = Number(digits);
    if (digits.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidInputError(`--${option} must be a whole number from ${from} to ${to}, not "${digits}".`);
  };
  const time = (option: string) => {
    const date = text(option);
    return date === undefined ? undefined : parseDate(date, `--${option}`);
  };
  const givenGroup = text('group');
  const group = givenGroup === AUTO_GROUP && !command.readsAuto ? (groupOfFolder ?? AUTO_GROUP) : givenGroup;
  const timeout = number('timeout', 1, DAY / SECOND);
  return {
    args: positionals,
    text,
    list,
    number,
    time,
    flag: (option) => values[option] === true,
    group,
    groupOption: group === undefined ? {} : { group },
    json: values.json === true,
    timeoutOption: timeout === undefined ? {} : { timeoutMs: timeout * SECOND },
  };
}

/** The action that a command's first argument names, such as `list`. @throws InvalidInputError naming all actions, in their order */
export function chosenAction<Action>(name: string, action: string, actions: Readonly<Record<string, Action>>): Action {
  const chosen = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (chosen !== undefined) return chosen;
  const all = Object.keys(actions);
  throw new InvalidInputError(
    `${name} has no action "${action}"; use ${all.slice(0, -1).join(', ')} or ${all.at(-1)} (see memory-manager ${name} --help).`,
  );
}

type Value = string | boolean | (string | boolean)[];

function read(name: string, command: Command, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: args.map(marked),
      options: { ...OPTIONS_OF_EVERY_COMMAND, ...command.options },
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
    const [, unknown] = /^Unknown option '--(.+)'/.exec(message) ?? [];
    const meant = unknown && closestName(unknown, optionsOf(command));
    const help = meant
      ? `did you mean --${meant}? (memory-manager ${name} --help shows all)`
      : `see memory-manager ${name} --help`;
    throw new InvalidInputError(`${message.replace(/\.$/, '')}; ${help}.`, { cause: error });
  }
}

/** The names of a command's options, without the dashes. */
export const optionsOf = (command: Command): string[] => [
  ...Object.keys(command.options),
  ...Object.keys(OPTIONS_OF_EVERY_COMMAND),
  'help',
];

/** A character that no argument of a process can contain. */
const MARK = '\0';

/** Texts such as "- a point of a list" begin like an option, which no option with white space before any "=" can be. */
const marked = (arg: string): string => (/^-[^=]*\s/.test(arg) ? MARK + arg : arg);
const unmarked = (arg: string): string => (arg.startsWith(MARK) ? arg.slice(MARK.length) : arg);

function unmarkedAll(value: Value): Value {
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'string' ? unmarked(one) : one));
  return typeof value === 'string' ? unmarked(value) : value;
}
