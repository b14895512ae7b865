import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { MINUTE, SECOND } from '../time.ts';
import { versionKey } from '../valkey/group-version.ts';

/** An answer counts only with the version of its group; the time limit just clears away what nobody asks for. */
const KEPT = 5 * MINUTE;
/** Longer answers are not worth their memory. */
const LONGEST = 1_000_000;

export interface Looked {
  /** The group's version now. */
  readonly version: string;
  /** What was kept under the key, if it is of this version. */
  readonly answer: string | undefined;
}

const LONGEST_IN_KEY = 200;

/**
 * The key of an answer tells everything that the answer depends on: as it is where that is short, which spares a command
 * the loading of node:crypto, and hashed otherwise.
 */
export function answerKey(group: string, question: object): string {
  const text = JSON.stringify(question);
  return `query:{${group}}:${text.length <= LONGEST_IN_KEY ? text : hash('sha256', text, 'base64url')}`;
}

/** Fetches the group's version and the kept answer in one round trip. */
export async function look(valkey: Redis, group: string, key: string): Promise<Looked> {
  const [version, kept] = await valkey.mget(versionKey(group), key);
  const now = version ?? '';
  return { version: now, answer: kept?.startsWith(`${now}\n`) ? kept.slice(now.length + 1) : undefined };
}

/** Keeps an answer that was worked out after `version` was read. */
export async function keep(valkey: Redis, key: string, version: string, answer: string): Promise<void> {
  if (answer.length <= LONGEST) await valkey.set(key, `${version}\n${answer}`, 'EX', KEPT / SECOND);
}
