import type { Redis } from 'ioredis';

/** Runs a Lua script. The keys are counted here: a key that is added to a script cannot be taken for an argument. */
export const runScript = (
  valkey: Redis,
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> => valkey.eval(script, keys.length, ...keys, ...args);
