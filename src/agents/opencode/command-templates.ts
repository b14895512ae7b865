import type { HostConfig } from './host.ts';

/** Shorter lines of a template are ordinary words. */
const SHORTEST = 8;
/** Placeholders that the host replaces. */
const FILLED = /\$ARGUMENTS|\$\d+|!`[^`]*`|@\S+/;

export interface Templates {
  read(config: HostConfig): void;
  /** Whether a message contains a line of a command's template, so that not all of it is the user's own. */
  isIn(text: string): boolean;
}

/** A slash command's text reaches a plugin as if the user had typed it, but its template may come from anyone. */
export function openTemplates(): Templates {
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
