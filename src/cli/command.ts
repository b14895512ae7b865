import type { ParseArgsConfig } from 'node:util';

/** One command: how it is called, what it says about itself, what it does. */
export interface Command {
  readonly help: string;
  /** Options beside those that every command has. */
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** The least and the greatest number of arguments. */
  readonly arguments: readonly [number, number];
  /** Gives the exit status: 0 when all went well. */
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
  /** A whole number from `least` to `most`. @throws InvalidInput */
  readonly number: (option: string, least: number, most: number) => number | undefined;
  readonly group: string | undefined;
  readonly json: boolean;
  /** Milliseconds; of commands that have the option. */
  readonly timeout: number | undefined;
}
