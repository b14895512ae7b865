import { describe, expect, test } from 'vitest';
import { recalledSentences, withoutRecalledSentences } from '../../../src/redaction/recall-marks.ts';

const BRIEFING = `Current facts:
- Harbor keeps its sessions in Valkey 8. (opencode, said 2026-11-22, episode 7d917f42)
- Mira Okafor works on Harbor as a backend engineer. The gateway listens on port 8081. (said 2026-11-20)
- user: Where is the archive? assistant: The archive is in the old data center of Oslo.
What the last sessions did:
- one turn, asked: “Pier keeps its sessions in Redis 7.”; ended with: “Noted. Lantern has moved to Postgres 16.” (claude-code, last turn 2026-11-22)`;

const left = (answer: string) => withoutRecalledSentences(answer, recalledSentences(BRIEFING)).trim();

describe('an answer loses what it repeats of recalled text:', () => {
  test.each([
    ['a line', 'Harbor keeps its sessions in Valkey 8.'],
    ['one of two sentences of a line', 'The gateway listens on port 8081.'],
    ['the first of them', 'Mira Okafor works on Harbor as a backend engineer.'],
    ["an agent's sentence of a quoted turn", 'The archive is in the old data center of Oslo.'],
    ["the user's words of an earlier session", 'Pier keeps its sessions in Redis 7.'],
    ["one sentence of an earlier session's end", 'Lantern has moved to Postgres 16.'],
    ['a sentence with bold marks over two lines', 'The **gateway** listens\non port 8081.'],
  ])('%s', (_, sentence) => {
    expect(left(sentence)).toBe('');
    expect(left(`I looked.\n${sentence}\nThat is all.`)).toBe('I looked.\nThat is all.');
  });

  test('but not its own words, nor short ones that everybody uses', () => {
    const own = 'The gateway is the oldest part of Harbor, and Oslo has its archive.';

    expect(left(own)).toBe(own);
    expect(left('Noted.')).toBe('Noted.');
  });
});

test('of a line only all of its sentences together count as the line', () => {
  const [whole, ...parts] = recalledSentences('- The port is 8081 now. Nobody uses 8080 any more. (said 2026-11-20)');

  expect(whole).toBe('The port is 8081 now. Nobody uses 8080 any more');
  expect(parts).toEqual(['The port is 8081 now', 'Nobody uses 8080 any more']);
});
