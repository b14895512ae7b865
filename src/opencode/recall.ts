import { RECALL_BEGIN, RECALL_END } from '../capture/recalled.ts';
import { redact } from '../capture/redact.ts';
import type { Scope } from '../capture/scope.ts';
import { bulletList } from '../reader/format.ts';
import { oneLine, shortened } from '../text.ts';
import type { Stores } from './stores.ts';

export interface Recall {
  /** What the memories know of a user's words, for the agent; undefined for nothing. */
  about(stores: Stores, words: string): Promise<string | undefined>;
  /** Looks up what is known of the user whatever is asked, and makes the first question quick. */
  warmUp(stores: Stores): Promise<void>;
  /** What was looked up then, for when nothing else can be had. */
  atHand(): string | undefined;
}

const [OF_PROJECT, OF_USER] = [8, 4];
const LONGEST_QUESTION = 400;
const ABOUT_USER = 'user prefers likes wants always never uses';
const INTRODUCTION =
  'From earlier sessions, as the memory has it. It may be out of date: what the user says and what the files show goes first. The tool memory_search finds more.';

export function openRecall({ group, userGroup }: Scope): Recall {
  let ofUser: string | undefined;

  return {
    async about(stores, words) {
      const question = shortened(oneLine(redact(words)), LONGEST_QUESTION);
      if (!/[\p{L}\p{N}]/u.test(question)) return ofUser && told([], [ofUser]);
      const [project, user] = await Promise.all([
        bullets(stores, group, question, OF_PROJECT),
        bullets(stores, userGroup, question, OF_USER).catch(() => undefined),
      ]);
      return told(lines(project), [...lines(user), ...lines(ofUser)]);
    },
    async warmUp(stores) {
      const [user] = await Promise.all([
        bullets(stores, userGroup, ABOUT_USER, OF_USER),
        bullets(stores, group, ABOUT_USER, 1),
      ]);
      ofUser = user;
    },
    atHand: () => (ofUser ? told([], lines(ofUser)) : undefined),
  };
}

async function bullets(stores: Stores, group: string, query: string, limit: number): Promise<string | undefined> {
  const found = await stores.ask(group, query, limit);
  return found.facts.length + (found.passages?.length ?? 0) > 0 ? bulletList(found, limit) : undefined;
}

function told(project: readonly string[], user: readonly string[]): string | undefined {
  const parts = [
    ...section('About this project:', project),
    ...section('About the user:', [...new Set(user)].slice(0, 2 * OF_USER)),
  ];
  if (parts.length === 0) return undefined;
  return [RECALL_BEGIN, INTRODUCTION, ...parts, RECALL_END].join('\n');
}

const section = (title: string, bullets: readonly string[]) => (bullets.length > 0 ? [title, ...bullets] : []);
const lines = (text: string | undefined): string[] => text?.split('\n') ?? [];
