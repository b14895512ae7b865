import { expect, test } from 'vitest';
import { answerSections, renderAnswers, renderAnswersOrNone } from '../../../src/memory/answer-block.ts';

const time = '2026-03-02T10:00:00+00:00';
const fact = (text: string, episode: string) => ({
  ...{ fact: text, source: '', target: '', validAt: time, invalidAt: null, episodes: [episode] },
});
const passage = (excerpt: string, episode: string, kind = 'paragraph') => ({
  ...{ excerpt, kind, referenceTime: time, episode: { uuid: episode, name: `episode_${episode}` } },
});
const rule = { text: 'Always use pnpm.', source: 'user', time, episode: 'r' };

test('an answer lists rules, facts and passages in this order, each line with its date and episode, without repetition', () => {
  const parts = {
    rules: [rule],
    facts: [fact('Harbor uses Valkey.', 'a'), fact('Always use pnpm.', 'r')],
    passages: [passage('Harbor uses Valkey.', 'a'), passage('We chose Valkey for its licence.', 'b')],
  };

  expect(renderAnswers([answerSections(parts, 1_000)], 1_000).split('\n')).toEqual([
    'Rules and preferences of the user:',
    '- Always use pnpm. (user, said 2026-03-02, episode r)',
    'Current facts:',
    '- Harbor uses Valkey. (since 2026-03-02; episode a)',
    'What was said:',
    '- We chose Valkey for its licence. (said 2026-03-02, episode b)',
  ]);
});

test('dates from the library give the same text as dates from the graph', () => {
  const dated = { ...fact('Harbor uses Valkey.', 'a'), validAt: new Date(time) };
  const [graph, library] = [fact('Harbor uses Valkey.', 'a'), dated].map((one) =>
    renderAnswers([answerSections({ rules: [], facts: [one] }, 1_000)], 1_000),
  );
  expect(library).toBe(graph);
});

test('answers of several memories share the groups and the budget, and the best of each come first', () => {
  const of = (name: string) =>
    answerSections({ rules: [], facts: [1, 2].map((count) => fact(`${name} ${count}`, name)) }, 1_000);

  const lines = renderAnswers([of('one'), of('other')], 1_000).split('\n');

  expect(lines.map((line) => line.replace(/ \(.*/, ''))).toEqual([
    'Current facts:',
    '- one 1',
    '- other 1',
    '- one 2',
    '- other 2',
  ]);
});

test('a procedure that is longer than half the budget ends between two steps and says how many follow', () => {
  const steps = Array.from({ length: 60 }, (_, at) => `${at + 1}. Step ${at + 1} of the restart of the gateway.`);
  const parts = { rules: [rule], facts: [], passages: [passage(steps.join('\n'), 'a', 'procedure')] };

  const block = renderAnswers([answerSections(parts, 500)], 500);

  const [, omitted = ''] =
    /… \((\d+) more steps; `memory-manager episode episode_a` shows all\) \(said/.exec(block) ?? [];
  const last = 60 - Number(omitted);
  expect(last).toBeGreaterThan(5);
  expect(block).toContain(`${steps[last - 1]}\n  … (`);
  expect(block).not.toContain(steps[last]);
  expect(block.length).toBeLessThanOrEqual(4 * 500);
});

test('an answer about another time states what held then, without claiming that nothing is known', () => {
  const then = answerSections({ rules: [], facts: [fact('Harbor uses Redis.', 'a')] }, 1_000, false);
  expect(renderAnswersOrNone([then], 1_000)).toMatch(/^Facts of that time:\n- Harbor uses Redis\./);
  expect(renderAnswersOrNone([answerSections({ rules: [], facts: [] }, 1_000)], 1_000)).toBe(
    'Nothing relevant is known.',
  );
});
