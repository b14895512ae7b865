import type { HostConfig } from './host.ts';

/** Shorter lines of a template are words that anybody would type. */
const SHORTEST = 8;
/** What the host puts something else in the place of. */
const FILLED = /\$ARGUMENTS|\$\d+|!`[^`]*`|@\S+/;

export interface Templates {
  read(config: HostConfig): void;
  /** Whether a line of a command's template stands in a message: then not all of it is the user's own. */
  isIn(text: string): boolean;
}

/** A slash command's text reaches a plugin as if the user had typed it; the files that it comes from may be anybody's. */
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
