import * as z from 'zod/mini';
import { InvalidInputError } from './errors.ts';
import { parseJson } from './json.ts';
import { canonicalKey, checkText, oneLine } from './text.ts';
import { checkTime } from './time.ts';

/** One complete fact, which no model has to read. */
export interface Triplet {
  readonly source: string;
  /** SCREAMING_SNAKE_CASE, such as `WORKS_AT`. */
  readonly relation: string;
  readonly target: string;
  /** One self-contained sentence; default: source, relation and target as given. */
  readonly fact?: string;
  readonly sourceType?: string;
  readonly targetType?: string;
  /** Default: the episode's reference time. */
  readonly validAt?: Date;
  readonly invalidAt?: Date;
}

const name = z.string().check(z.minLength(1));
const label = z.string().check(z.regex(/^[A-Za-z_]\w*$/));
const instant = z.pipe(
  z.iso.datetime({ offset: true }),
  z.transform((text) => new Date(text)),
);
const shape = z.strictObject({
  source: name,
  relation: z.string().check(z.regex(/^[A-Z][A-Z0-9_]*$/)),
  target: name,
  fact: name,
  sourceType: z.optional(label),
  targetType: z.optional(label),
  validAt: z.optional(instant),
  invalidAt: z.optional(instant),
});

/**
 * The text of a `fact_triple` episode.
 * @throws InvalidInputError
 */
export function tripletText({ fact, validAt, invalidAt, ...rest }: Triplet): string {
  const [source, target] = [line(rest.source, 'The source'), line(rest.target, 'The target')];
  const relation = relationName(rest.relation);
  if (canonicalKey(source) === canonicalKey(target))
    throw new InvalidInputError('A fact connects two different entities; give two names.');
  const said = fact === undefined ? `${source} ${relation.toLowerCase().replaceAll('_', ' ')} ${target}` : fact;
  const text = JSON.stringify({
    ...rest,
    source,
    relation,
    target,
    fact: line(said, 'The fact'),
    ...(validAt && { validAt: checkTime(validAt, 'The time validAt') }),
    ...(invalidAt && { invalidAt: checkTime(invalidAt, 'The time invalidAt') }),
  });
  readTriplet(text);
  return text;
}

/** @throws InvalidInputError when the text is not that of a `fact_triple` episode */
export function readTriplet(content: string): Required<Pick<Triplet, 'fact'>> & Triplet {
  const parsed = shape.safeParse(parseJson(content));
  if (!parsed.success)
    throw new InvalidInputError(
      `The fact's "${parsed.error.issues[0]?.path.join('.') || 'JSON'}" cannot be used; see memory-manager fact --help.`,
      { cause: parsed.error },
    );
  const { source, target, fact, validAt, invalidAt } = parsed.data;
  // JSON can contain characters that stored texts may not.
  for (const [what, text] of Object.entries({ source, target, fact })) checkText(text, `The fact's ${what}`);
  if (validAt && invalidAt && invalidAt <= validAt)
    throw new InvalidInputError('A fact ends after it began; make --invalid-at later than --valid-at.');
  return parsed.data as Required<Pick<Triplet, 'fact'>> & Triplet;
}

function line(text: string, what: string): string {
  const given = oneLine(checkText(text, what));
  if (given === '') throw new InvalidInputError(`${what} is empty; give a text.`);
  return given;
}

/** `works at` and `works-at` become `WORKS_AT`. */
function relationName(text: string): string {
  const relation = checkText(text, 'The relation')
    .trim()
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  if (/^[A-Z]/.test(relation)) return relation;
  throw new InvalidInputError(`The relation "${text.slice(0, 40)}" needs letters, such as WORKS_AT.`);
}
