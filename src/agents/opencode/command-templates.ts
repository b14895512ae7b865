import type { HostConfig } from './host.ts';

/** Shorter lines of a template are ordinary words. */
const SHORTEST = 8;
/** Placeholders that the host replaces. */
const FILLED = /\$ARGUMENTS|\$\d+|!`[^`]*`|@\S+/;

export interface CommandTemplates {
  read(config: HostConfig): void;
  /** Whether a message contains a line of a command's template, so that not all of it is the user's own. */
  isIn(text: string): boolean;
}

/** A plugin receives a slash command's text as if the user had typed it, but anyone may have written the template. */
export function openCommandTemplates(): CommandTemplates {
  let lines: string[] = [];
  return {
    read(config) {
      lines = Object.values(config?.command ?? {}).flatMap(({ template }) =>
        typeof template === 'string'
          ? template
              .split('\n')
              .flatMap((line) => line.split(FILLED))
              .map((part) => part.trim())
              .filter((part) => part.length >= SHORTEST)
          : [],
      );
    },
    isIn: (text) => lines.some((line) => text.includes(line)),
  };
}
