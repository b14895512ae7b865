import type { ParseArgsConfig } from 'node:util';

/** One command: its help text, its options, and the function that runs it. */
export interface Command {
  readonly help: string;
  /** Options in addition to those of every command. */
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Minimum and maximum number of arguments. */
  readonly arguments: readonly [number, number];
  /** Returns the exit status: 0 on success. */
  run(call: Call): Promise<number>;
}

/** A command line, parsed. */
export interface Call {
  readonly args: readonly string[];
  /** The last value of an option that may be repeated. */
  readonly text: (option: string) => string | undefined;
  /** Every value of an option that may be repeated, in their order. */
  readonly list: (option: string) => readonly string[];
  readonly flag: (option: string) => boolean;
  /** A whole number from `least` to `most`. @throws InvalidInputError */
  readonly number: (option: string, least: number, most: number) => number | undefined;
  readonly group: string | undefined;
  readonly json: boolean;
  /** Milliseconds; only for commands with this option. */
  readonly timeout: number | undefined;
}
