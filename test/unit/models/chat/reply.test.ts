import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { readReply, shapeReader, validRows } from '../../../../src/models/chat/reply.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../../support/processor.ts';

const read = (text: string) =>
  readReply({ text, stopped: null }, shapeReader(z.object({ names: z.array(z.string()) })));
const GOOD = '{"names":["Harbor {1}","\\"}"]}';
const value = { names: ['Harbor {1}', '"}'] };

test.each([
  ['as it is', GOOD],
  ['in a fence', `\`\`\`json\n${GOOD}\n\`\`\``],
  ['in a fence that is not closed', `\`\`\`\n${GOOD}`],
  ['after prose with braces', `Here {you} go {"or": 1}: ${GOOD} Done {really}.`],
  ['after thoughts', `<think>maybe {"names":["wrong one, and longer than the right one by far"]}</think>\n${GOOD}`],
  ['after reasoning', `First {"names":["draft, longer than the answer, on and on"]}\n</think>\n${GOOD}`],
  ['after reasoning without an opening tag', `[THINK]{"names":["draft"]}[/THINK]${GOOD}`],
  [
    'after reasoning in brackets',
    `<|channel|>analysis<|message|>{"names":["draft"]}<|end|><|channel|>final<|message|>${GOOD}`,
  ],
  [
    'in the final channel',
    `A first try: {"names":["draft, much longer than what comes in the end"]}\nCorrected: ${GOOD}`,
  ],
  ['after a draft', JSON.stringify(GOOD)],
  ['as the only member', `{"answer":${GOOD}}`],
])('JSON is found %s', (_, text) => {
  expect(read(text)).toEqual({ fits: true, value, dropped: 0 });
});

test('JSON that mentions reasoning tags is read completely', () => {
  const names = ['<think>', 'a </think> tag'];

  expect(read(JSON.stringify({ names }))).toEqual({ fits: true, value: { names }, dropped: 0 });
});

test('a reply whose reasoning never ends contains no answer', () => {
  expect(read(`<think>so: ${GOOD}`)).toEqual({ fits: false, problem: 'the reply is not JSON' });
});

test('invalid rows are left out and counted, as long as one row is valid', () => {
  const shape = shapeReader(z.object({ rows: validRows(z.object({ name: z.string() })) }));
  const of = (given: unknown) => readReply({ text: JSON.stringify({ rows: given }), stopped: null }, shape);

  expect(of([{ name: 'a' }, { name: null }, 7, { name: 'b' }])).toEqual({
    fits: true,
    value: { rows: [{ name: 'a' }, { name: 'b' }] },
    dropped: 2,
  });
  expect(of([{ name: null }])).toEqual({ fits: false, problem: 'rows.0.name is not a string' });
  expect(of([])).toMatchObject({ fits: true, dropped: 0 });
});

test.each([
  ['', 'the reply is not JSON'],
  ['I do not know {yet}.', 'the reply is not JSON'],
  ['{"names":["Harbor"', 'the reply is not JSON'],
  ['null', 'the reply is not an object'],
  ['[]', 'the reply is not an object'],
  ['{"names":[1]}', 'names.0 is not a string'],
  ['{}', 'names is not an array'],
])('%j is rejected: %s', (text, problem) => {
  expect(read(text)).toEqual({ fits: false, problem });
});

test('a reply full of braces is not scanned again from each brace', () => {
  expect(timeGrowth((size) => void read('{"a'.repeat(size)), 10_000)).toBeLessThan(MAX_LINEAR_GROWTH);
});
