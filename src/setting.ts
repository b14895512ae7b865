import * as z from 'zod/mini';

/** An environment variable: its allowed values, its default and its purpose. */
export interface Setting<T extends z.ZodMiniType> {
  readonly shape: T;
  readonly fallback: string | undefined;
  readonly about: string;
  readonly secret?: true;
}

export type Variables = Readonly<Record<string, Setting<z.ZodMiniType>>>;
/** The values of settings, by name. */
export type ValuesOf<Table extends Variables> = { readonly [Name in keyof Table]: z.output<Table[Name]['shape']> };

export const setting = <T extends z.ZodMiniType>(
  shape: T,
  fallback: string | undefined,
  about: string,
): Setting<T> => ({ shape, fallback, about });

// Each shape with its own reason, because zod's ("Invalid input") does not help.
export const text = z.string().check(z.minLength(1));
export const integerSetting = (most: number, reason: string, least = 1) =>
  z.coerce.number(reason).check(z.int(reason), z.minimum(least, reason), z.maximum(most, reason));
export const choiceSetting = <const Name extends string>(names: readonly Name[]) =>
  z.enum(names, `it must be ${listed(names)}`);
export const serverAddress = z
  .string()
  .check(z.refine(isServerAddress, 'it must be an http or https address without a password in it'));

export const optionalText = (about: string) => setting(z.optional(text), undefined, about);
export const secret = (about: string) => ({ ...optionalText(about), secret: true as const });

/** `a, b or c` */
export const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '');

// A declaration and not a constant, since `serverAddress` is made while this file is loaded.
function isServerAddress(address: string): boolean {
  const url = URL.parse(address);
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.username === '' && url.password === '';
}
