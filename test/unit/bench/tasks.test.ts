import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attemptTask, CapReachedError, type Model, openBudget } from '../../../bench/tasks/agent.ts';
import { estimate } from '../../../bench/tasks/price.ts';
import { rowsOf } from '../../../bench/tasks/rows.ts';
import { attemptAll, attemptScripted } from '../../../bench/tasks/run.ts';
import { contextLines, isEvidence, isRightAnswer } from '../../../bench/tasks/score.ts';
import { answerFrom, type Stub, startStub } from '../../../bench/tasks/stub.ts';
import { TASKS, type Task } from '../../../bench/tasks/tasks.ts';

const taskCalled = (name: string): Task => TASKS.find((task) => task.name === name) as Task;
const PORT = taskCalled('the port of the API');
const FREE = { input: 0, output: 0 };

let stub: Stub;
beforeAll(async () => {
  stub = await startStub();
});
afterAll(() => stub.close());

const scripted = (cap = Number.POSITIVE_INFINITY, prices = FREE): Model => ({
  ...{ baseURL: stub.baseURL, apiKey: 'none', model: 'stub', budget: openBudget(cap, prices) },
});

describe('a line', () => {
  const context = [
    '<recalled-memory>',
    'What earlier sessions left.',
    'Rules and preferences of the user:',
    '- Always use pnpm. (user, said 2026-08-03, episode 1)',
    'Current facts:',
    '- vat listens on port 7420. (opencode, said 2026-08-19, episode 2)',
    '- To restart:',
    '  1. Stop vat on its port.',
    '</recalled-memory>',
  ].join('\n');

  test('is a bullet with everything below it; markers and headings are not lines', () => {
    expect(contextLines(context).map(({ section, text }) => [section.slice(0, 5), text.slice(0, 40)])).toEqual([
      ['Rules', '- Always use pnpm. (user, said 2026-08-0'],
      ['Curre', '- vat listens on port 7420. (opencode, s'],
      ['Curre', '- To restart:\n  1. Stop vat on its port.'],
    ]);
  });

  test("is relevant to a task when it is a rule or contains one of the task's words", () => {
    expect(contextLines(context).map((line) => isEvidence(PORT, line))).toEqual([true, true, true]);
    expect(contextLines(context).map((line) => isEvidence(taskCalled('why NATS'), line))).toEqual([true, false, false]);
  });
});

describe('a task', () => {
  test.each(TASKS.map((task) => [task.name, task] as const))('%s: the guess without a memory is wrong', (_, task) => {
    expect(isRightAnswer(task, task.guess)).toBe(false);
  });

  test('is wrong if the answer contains an outdated value, whatever else is right', () => {
    expect([
      isRightAnswer(PORT, 'VAT_PORT=7420'),
      isRightAnswer(PORT, 'VAT_PORT=7411'),
      isRightAnswer(PORT, 'VAT_PORT=7420 # not 7411'),
    ]).toEqual([true, false, false]);
  });
});

describe('the scripted model', () => {
  test('knows only its context and believes the first entry in it', () => {
    expect(answerFrom(PORT, 'vat listens on port 7420.\nvat listens on port 7411.')).toBe('VAT_PORT=7420');
    expect(answerFrom(PORT, 'vat listens on port 7411.\nvat listens on port 7420.')).toBe('VAT_PORT=7411');
    expect(answerFrom(PORT, 'The label printer speaks ZPL on TCP port 9100.')).toBeUndefined();
  });

  test('is right at once when the memory has the answer, and wrong when the memory is outdated or says something else', async () => {
    const given = (line: string) =>
      attemptTask(scripted(), PORT.prompt, `<recalled-memory>\n- ${line}\n</recalled-memory>`);
    const [right, stale, other] = await Promise.all(
      ['vat listens on port 7420.', 'vat listens on port 7411.', 'The fence is green.'].map(given),
    );

    expect(right).toMatchObject({ answer: 'VAT_PORT=7420', calls: 1 });
    expect(stale).toMatchObject({ answer: 'VAT_PORT=7411', calls: 1 });
    expect(other).toMatchObject({ answer: PORT.guess });
    expect(other?.tokens).toBeGreaterThan(right?.tokens ?? 0);
  });

  test('is right without a memory when a file contains the answer', async () => {
    const { prompt } = taskCalled('what the files say');
    expect((await attemptTask(scripted(), prompt, '')).answer).toBe('Brewed with care in a small town.');
  });
});

describe('the figures', () => {
  const given = new Map([
    [PORT, { atOnce: '- vat listens on port 7420.\n- It is blue.', inTwoSteps: '- It is blue.' }],
  ]);

  test('count correct answers, tokens and relevant lines', async () => {
    const rows = rowsOf(await attemptScripted(given), 'scripted');

    expect(rows.map(({ measured, reached }) => [measured.replace(/^.* = /, ''), reached])).toEqual([
      ['1 / 0', true],
      [expect.stringMatching(/^0\.\d\d ×$/), true],
      ['50 %', false],
      ['0 %', false],
    ]);
  });
});

describe('a real model', () => {
  const given = new Map([[PORT, { atOnce: '', inTwoSteps: '' }]]);

  test('is not called when the run would probably exceed the cost cap', async () => {
    const results = await attemptScripted(given);

    expect(() => estimate(results, { input: 1_000, output: 1_000 }, 1)).toThrow(/above the cap of \$1/);
    expect(estimate(results, { input: 1, output: 1 }, 1)).toBeLessThan(1);
  });

  test('stops being called when the next call could exceed the cost cap', async () => {
    const model = scripted(0.01, { input: 10, output: 0 });

    await expect(attemptTask(model, PORT.prompt, '')).rejects.toThrow(CapReachedError);
    expect(model.budget.spent).toBeGreaterThan(0);
    expect(model.budget.spent).toBeLessThanOrEqual(0.01);
    expect(await attemptAll(model, given)).toEqual([]);
  });
});
