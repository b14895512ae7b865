import { mapConcurrently } from '../../src/map-concurrently.ts';
import type { MemoryManager } from '../../src/memory.ts';
import { commandsIn, HOSTILE } from './hostile-texts.ts';

/** A stored text, and a unique word that finds it. */
export interface HostileNote {
  readonly text: string;
  readonly word: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const KINDS = ['task', 'decision', 'rule', 'fact'] as const;

/**
 * Stores the hostile texts in a group, as a plugin, a hook or another program could: each as a note that a briefing shows, as a
 * passage, and as a fact between things with such names. NUL is refused before anything is stored.
 */
export async function storeHostile(memory: MemoryManager, group: string): Promise<HostileNote[]> {
  const notes = HOSTILE.filter((text) => !text.includes('\0')).map((text, at) => ({
    text,
    word: `quay${LETTERS[Math.floor(at / 26)]}${LETTERS[at % 26]}`,
  }));
  const receipts = await mapConcurrently([...notes.entries()], 8, async ([at, { text, word }]) => {
    const kind = KINDS[at % KINDS.length] as (typeof KINDS)[number];
    const fact = { source: `${word} ${text}`, relation: 'KEEPS', target: text, fact: `${word} keeps ${text}` };
    const conversation = `user: Where is ${word}?\nassistant: It lies at ${word}: ${text}`;
    return [
      await memory.enqueueEpisode(
        `The berth ${word} says ${text}`,
        {},
        { group, kind, ...(kind === 'rule' && { confirmed: true }) },
      ),
      await memory.enqueueEpisode(conversation, null, { group, source: 'message', sourceDescription: text }),
      await memory.enqueueFact(fact, null, { group }),
    ];
  });
  await mapConcurrently(receipts.flat(), 32, (receipt) => memory.waitFor(receipt));
  return notes;
}

/** Text in an answer that could pass for a command, in a text or in each string of JSON. */
export function commandsInAnswer(answer: unknown): string[] {
  if (typeof answer === 'string') return commandsIn(answer);
  if (answer === null || typeof answer !== 'object') return [];
  return Object.values(answer).flatMap(commandsInAnswer);
}

/** Bullets in an answer that come from a stored text. */
export const forgedBullets = (answer: string): string[] => answer.match(/^- another bullet.*/gm) ?? [];
