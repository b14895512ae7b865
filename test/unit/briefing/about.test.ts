import { describe, expect, test } from 'vitest';
import type { BriefingSections, SourcedLine } from '../../../src/briefing/briefing.ts';
import { openingBriefings } from '../../../src/briefing/relevance.ts';

const line = (text: string): SourcedLine => ({ text, episode: 'e', time: '2026-11-01', source: 'opencode' });
const BRIEFING: BriefingSections = {
  rules: [line('Always use pnpm.')],
  tasks: [line('Move the cache to the new host.'), line('Rename the gateway.')],
  decisions: [line('We chose Valkey because its licence is free.')],
  facts: [line('The gateway listens on port 7490.'), line('The lighthouse is white.'), line('Pier is in Kiel.')],
  sessions: [line('2 turns, asked: “Paint the fence.”')],
  pending: 0,
};
const texts = (briefing: BriefingSections | undefined) =>
  [
    ...(briefing?.tasks ?? []),
    ...(briefing?.decisions ?? []),
    ...(briefing?.facts ?? []),
    ...(briefing?.sessions ?? []),
  ].map(({ text }) => text);

describe('the opening briefing for a known first message', () => {
  test('contains the rules and what is related to the message', () => {
    const [briefing] = openingBriefings([BRIEFING], 'Which port does the gateway listen on?', true);

    expect(briefing?.rules).toEqual(BRIEFING.rules);
    expect(texts(briefing)).toEqual(['Rename the gateway.', 'The gateway listens on port 7490.']);
  });

  test('leaves out facts that share only a common word with the message', () => {
    const facts = ['red', 'green', 'blue', 'black'].map((colour) => line(`The vat of ${colour} ale is full.`));
    const [briefing] = openingBriefings(
      [{ ...BRIEFING, facts }],
      'Does the vat of stout leak at its outlet valve?',
      true,
    );

    expect(texts(briefing)).toEqual([]);
  });

  test('contains the latest tasks and sessions when nothing is related to the message', () => {
    const [briefing] = openingBriefings([BRIEFING], 'Please translate the imprint into Danish and Swedish.', false);

    expect(texts(briefing)).toEqual([...BRIEFING.tasks, ...BRIEFING.sessions].map(({ text }) => text));
  });

  test.each(['Hello there.', 'Go on.', ''])('is complete for %j', (words) => {
    expect(openingBriefings([BRIEFING, undefined], words, false)).toEqual([BRIEFING, undefined]);
  });

  test("weighs the user's memory and the project's memory together", () => {
    const empty = { ...BRIEFING, tasks: [], decisions: [], facts: [], sessions: [] };
    const [user, project] = openingBriefings([empty, BRIEFING], 'In which German town does Pier lie?', false);

    expect([texts(user), texts(project)]).toEqual([[], ['Pier is in Kiel.']]);
  });
});
