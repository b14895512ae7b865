import * as z from 'zod/mini';
import { closestName } from './closest-name.ts';
import { InvalidInputError } from './errors.ts';

/** A shape for each member of `T`, so that the compiler reports a forgotten one. All members are optional. */
export type MemberShapes<T> = { readonly [K in keyof Required<T>]: z.ZodMiniType };

// Shapes are named after the value; a shape's message is what stands after "must be" in the sentence of `checkShape`.
export const flag = z.boolean('true or false');
export const callback = z.custom<unknown>((value) => typeof value === 'function', 'a function');
export const nonEmptyText = z.string('text').check(z.minLength(1, 'text, and not empty'));
export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const reason =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return z.int(reason).check(z.minimum(least, reason), z.maximum(most, reason));
};
export const oneOf = <const T extends string>(...names: readonly T[]) => z.enum(names, listed(names, 'or'));
/** Checked where it is used, with a sentence of its own. */
export const anything = z.unknown();

/** An object of the caller's own with these methods. */
export const objectWithMethods = (...methods: readonly string[]) =>
  z.custom<object>(
    (value) =>
      value !== null &&
      typeof value === 'object' &&
      methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
    `an object with ${methods.map((name) => `${name}()`).join(', ')}`,
  );

/** An object with these members only. Members that are not in `required` may be missing. */
export function objectOf<T>(members: MemberShapes<T>, required: readonly (keyof T & string)[] = []): z.ZodMiniType<T> {
  const shapes = Object.entries<z.ZodMiniType>(members).map(([name, shape]) => [
    name,
    (required as readonly string[]).includes(name) ? shape : z.optional(shape),
  ]);
  const shape = z.strictObject(Object.fromEntries(shapes) as Record<string, z.ZodMiniType>, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'an object'),
  });
  return shape as unknown as z.ZodMiniType<T>;
}

/**
 * Returns the value if it has the shape.
 * @param subject begins the sentence: whose options or settings they are, followed by the member in quotes; or a function that names the member
 * @throws InvalidInputError naming the member, and the one that was probably meant
 */
export function checkShape<T>(
  shape: z.ZodMiniType<T>,
  value: unknown,
  subject: string | ((issue: z.core.$ZodIssue) => string),
): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues as [z.core.$ZodIssue, ...z.core.$ZodIssue[]];
  const path = issue.path.map(String);
  const place = path.length > 0 ? ` "${path.join('.')}"` : '';
  const named = typeof subject === 'string' ? `${subject}${place}` : subject(issue);
  if (issue.code === 'unrecognized_keys')
    throw new InvalidInputError(unknownMember(named, issue.keys[0] ?? '', membersAt(shape, path)));
  throw new InvalidInputError(`${named} must be ${issue.message}.`, { cause: parsed.error });
}

/** @throws InvalidInputError */
export function checkList<T>(value: readonly T[], subject: string): readonly T[] {
  if (Array.isArray(value)) return value;
  throw new InvalidInputError(`${subject} must be a list.`);
}

/** The sentence for an unknown member. */
export function unknownMember(subject: string, name: string, known: readonly string[]): string {
  const similar = closestName(name, known);
  const help = similar === undefined ? `there is ${listed(known, 'and')}` : `"${similar}" was probably meant`;
  return `${subject} has no "${name.slice(0, 60)}"; ${help}.`;
}

const listed = (names: readonly string[], conjunction: 'and' | 'or'): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} ${conjunction} ${names.at(-1)}` : (names[0] ?? 'none');

function membersAt(shape: z.ZodMiniType, path: readonly string[]): string[] {
  const members = membersOf(shape);
  const [name, ...rest] = path;
  return name === undefined ? Object.keys(members) : members[name] ? membersAt(members[name], rest) : [];
}

function membersOf(shape: z.ZodMiniType): Record<string, z.ZodMiniType> {
  const def = shape._zod.def as { innerType?: z.ZodMiniType; shape?: Record<string, z.ZodMiniType> };
  return def.innerType ? membersOf(def.innerType) : (def.shape ?? {});
}
