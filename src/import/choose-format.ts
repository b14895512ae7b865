import { InvalidInputError } from '../errors.ts';
import { FORMATS, type Format, type FormatName } from './format-type.ts';
import { episodes } from './formats/episodes.ts';
import { mcpMemory } from './formats/mcp-memory.ts';
import { mem0 } from './formats/mem0.ts';
import { unsupportedReason } from './unsupported-formats.ts';

/** In the order in which formats are tried; the least specific format comes last. */
const KNOWN: readonly Format[] = [mcpMemory, mem0, episodes];

/** @throws InvalidInputError */
export function formatByName(name: FormatName): Format {
  const format = KNOWN.find((format) => format.name === name);
  if (format) return format;
  throw new InvalidInputError(
    `import supports ${FORMATS.slice(0, -1).join(', ')} and ${FORMATS.at(-1)}, not "${String(name)}".`,
  );
}

/** The format that a value looks like. @throws InvalidInputError when it looks like none */
export function detectFormat(list: string, value: unknown): Format {
  // A plain text is stored as it is.
  if (typeof value === 'string') return episodes;
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  const format = isObject ? KNOWN.find((format) => format.is(list, value as Record<string, unknown>)) : undefined;
  if (format) return format;
  throw new InvalidInputError(unsupportedReason('it', value));
}
