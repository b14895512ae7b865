import { readFileSync } from 'node:fs';
import type * as z from 'zod/mini';

/** What a JSON text means; undefined, which JSON cannot say, for a text that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a JSON file of ours holds; undefined where it is missing, cannot be read, or holds something of another shape. */
export function readJsonFile<T>(path: string, shape: z.ZodMiniType<T>): T | undefined {
  try {
    return shape.safeParse(parseJson(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
