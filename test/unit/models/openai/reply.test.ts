import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { readReply, shaped } from '../../../../src/models/openai/reply.ts';

const read = (text: string) => readReply({ text, stopped: null }, shaped(z.object({ names: z.array(z.string()) })));
const GOOD = '{"names":["Harbor {1}","\\"}"]}';
const value = { names: ['Harbor {1}', '"}'] };

test.each([
  ['as it is', GOOD],
  ['in a fence', `\`\`\`json\n${GOOD}\n\`\`\``],
  ['in a fence that is not closed', `\`\`\`\n${GOOD}`],
  ['after prose with braces', `Here {you} go {"or": 1}: ${GOOD} Done {really}.`],
  ['after thoughts', `<think>maybe {"names":["wrong one, and longer than the right one by far"]}</think>\n${GOOD}`],
  ['in quotes', JSON.stringify(GOOD)],
  ['as the only member', `{"answer":${GOOD}}`],
])('JSON is found %s', (_, text) => {
  expect(read(text)).toEqual({ fits: true, value });
});

test.each([
  ['', 'the reply is not JSON'],
  ['I do not know {yet}.', 'the reply is not JSON'],
  ['{"names":["Harbor"', 'the reply is not JSON'],
  ['null', 'the reply is not an object'],
  ['[]', 'the reply is not an object'],
  ['{"names":[1]}', 'names.0 is not a string'],
  ['{}', 'names is not an array'],
])('%j does not fit: %s', (text, problem) => {
  expect(read(text)).toEqual({ fits: false, problem });
});

test('a reply full of braces takes no time', () => {
  const start = performance.now();
  read('{"a'.repeat(100_000));

  // Looked through again from each brace it would take minutes.
  expect(performance.now() - start).toBeLessThan(5000);
});
