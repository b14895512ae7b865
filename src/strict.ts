import * as z from 'zod/mini';
import { InvalidInputError } from './errors.ts';

/** A shape for each member of `T`, so that a new one is not forgotten; none need be there. */
export type Members<T> = { readonly [K in keyof Required<T>]: z.ZodMiniType };

// What they say goes behind "must be".
export const flag = z.boolean('true or false');
export const callback = z.custom<unknown>((given) => typeof given === 'function', 'a function');
export const words = z.string('text').check(z.minLength(1, 'text, and not empty'));
export const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const reason =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return z.int(reason).check(z.minimum(least, reason), z.maximum(most, reason));
};
/** An object of the caller's own with these methods. */
export const having = (...methods: readonly string[]) =>
  z.custom<object>(
    (given) =>
      given !== null &&
      typeof given === 'object' &&
      methods.every((name) => typeof (given as Record<string, unknown>)[name] === 'function'),
    `an object with ${methods.map((name) => `${name}()`).join(', ')}`,
  );
/** Checked where it is used, with a sentence of its own. */
export const anything = z.unknown();

/** An object that has no other members than these. */
export function strictly<T>(members: Members<T>): z.ZodMiniType<T> {
  const optional = Object.entries<z.ZodMiniType>(members).map(([name, shape]) => [name, z.optional(shape)]);
  const shape = z.strictObject(Object.fromEntries(optional) as Record<string, z.ZodMiniOptional>, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'an object'),
  });
  return shape as unknown as z.ZodMiniType<T>;
}

/**
 * What was given, when it is of the shape.
 * @param what begins the sentence: whose options or settings they are
 * @throws InvalidInputError naming the member, and the one that was probably meant
 */
export function checked<T>(shape: z.ZodMiniType<T>, given: unknown, what: string): T {
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String) ?? [];
  const place = path.length > 0 ? ` "${path.join('.')}"` : '';
  if (issue?.code === 'unrecognized_keys')
    throw new InvalidInputError(unknownMember(`${what}${place}`, issue.keys[0] ?? '', membersAt(shape, path)));
  throw new InvalidInputError(`${what}${place} must be ${issue?.message ?? 'something else'}.`, {
    cause: parsed.error,
  });
}

/** @throws InvalidInputError */
export function checkList<T>(given: readonly T[], what: string): readonly T[] {
  if (Array.isArray(given)) return given;
  throw new InvalidInputError(`${what} must be a list.`);
}

/** The sentence for a member that nobody knows. */
export function unknownMember(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const help = meant === undefined ? `there is ${listed(known)}` : `"${meant}" was probably meant`;
  return `${what} has no "${name.slice(0, 60)}"; ${help}.`;
}

const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? 'none');

function membersAt(shape: z.ZodMiniType, path: readonly string[]): string[] {
  const members = membersOf(shape);
  const [name, ...rest] = path;
  return name === undefined ? Object.keys(members) : members[name] ? membersAt(members[name], rest) : [];
}

function membersOf(shape: z.ZodMiniType): Record<string, z.ZodMiniType> {
  const def = shape._zod.def as { innerType?: z.ZodMiniType; shape?: Record<string, z.ZodMiniType> };
  return def.innerType ? membersOf(def.innerType) : (def.shape ?? {});
}

/** The known name that differs in case, separators or two letters at most. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const asked = plain(name);
  const [best] = known
    .map((other) => ({ other, distance: distance(asked, plain(other)) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.min(2, Math.floor(asked.length / 3)) ? best.other : undefined;
}

/** Letters to change, insert, leave out or swap with their neighbour (optimal string alignment). */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return Number.POSITIVE_INFINITY;
  const rows = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= other.length; j += 1) {
      const change = one[i - 1] === other[j - 1] ? 0 : 1;
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swap = isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j - 1) + change, at(i - 1, j) + 1, at(i, j - 1) + 1, swap));
    }
  }
  return at(one.length, other.length);
}
