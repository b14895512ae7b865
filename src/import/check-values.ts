import { type Episode, newEpisode, withoutReservedMetadata } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { detectFormat, formatByName } from './choose-format.ts';
import type { FormatName, FormatReader, ImportedEpisode, UnusableItem } from './format-type.ts';
import type { InputItem, Problem } from './json-lines.ts';

/** The result of one line or element. */
export type CheckResult = CheckedValue | Problem;

export interface CheckedValue {
  readonly place: string;
  readonly episodes: readonly Episode[];
  /** Sentences on parts of it that cannot be used. */
  readonly problems: readonly string[];
}

export interface ValueChecker {
  /** Null until the first value has been recognized. */
  readonly format: FormatName | null;
  /** Takes note of a value. All values are noted before the first is checked, unless no more are needed. */
  note(value: InputItem): void;
  isNoting(): boolean;
  /** Whether it is a graph, with its own types. */
  isGraph(): boolean;
  /** Its episodes, or why there are none. */
  check(value: InputItem): CheckResult;
}

export interface ValueCheckerOptions {
  /** The group of an episode that names `group`, or none. @throws InvalidInputError */
  readonly groupOf: (group: string | undefined) => string;
  readonly maxContentBytes: number;
  /** For values without a time; default: now. */
  readonly referenceTime?: Date | undefined;
}

/** @param formatName the format, or `auto` to recognize it by the first value */
export function openValueChecker(
  formatName: FormatName | 'auto',
  { groupOf, maxContentBytes, referenceTime }: ValueCheckerOptions,
): ValueChecker {
  let format = formatName === 'auto' ? null : formatByName(formatName);
  let reading: FormatReader | undefined = format?.open();

  function readingOf(list: string, value: unknown): FormatReader {
    format ??= detectFormat(list, value);
    reading ??= format.open();
    return reading;
  }

  function episodeOf({ content, metadata, group, ...options }: ImportedEpisode): Episode {
    const time = referenceTime && { referenceTime };
    return newEpisode(content, metadata && withoutReservedMetadata(metadata), groupOf(group), maxContentBytes, {
      ...time,
      ...options,
    });
  }

  function usable(part: ImportedEpisode | UnusableItem): Episode {
    if ('unusable' in part) throw new InvalidInputError(part.unusable);
    return episodeOf(part);
  }

  return {
    get format() {
      return format?.name ?? null;
    },
    note(value) {
      // Problems are reported when the value is checked.
      if (!('problem' in value))
        orProblem(value.place, () => readingOf(value.list, value.value).note?.(value.list, value.value));
    },
    isNoting: () => reading === undefined || reading.note !== undefined,
    isGraph: () => reading?.note !== undefined,
    check(value) {
      if ('problem' in value) return value;
      const { place, list } = value;
      return orProblem(place, () => {
        const parts = readingOf(list, value.value).read(list, value.value);
        // An invalid part does not affect the others. If a value has only one part, the problem is that of the value.
        if (parts.length === 1) return { place, episodes: parts.map(usable), problems: [] };
        const checked = parts.map((part) => orProblem(place, () => ({ episode: usable(part) })));
        return {
          place,
          episodes: checked.flatMap((part) => ('episode' in part ? [part.episode] : [])),
          problems: checked.flatMap((part) => ('problem' in part ? [part.problem] : [])),
        };
      });
    },
  };
}

function orProblem<T>(place: string, work: () => T): T | Problem {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { place, problem: `${place}: ${error.message}` };
  }
}
