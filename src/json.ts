import { readFileSync } from 'node:fs';
import type * as z from 'zod/mini';

/** The value of a JSON text; undefined, which JSON cannot express, for any other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value in one of our JSON files; undefined if the file is missing, cannot be read, or has another shape. */
export function readJsonFile<T>(path: string, shape: z.ZodMiniType<T>): T | undefined {
  try {
    return shape.safeParse(parseJson(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
