import { expect, test } from 'vitest';
import { eventsIn } from '../../../../src/models/openai/stream.ts';

async function events(...pieces: string[]): Promise<string[]> {
  const given = (async function* () {
    yield* pieces;
  })();
  const found: string[] = [];
  for await (const { event = '', data } of eventsIn(given)) found.push(`${event}|${data}`);
  return found;
}

test.each<[string, string[], string[]]>([
  ['events end with an empty line', ['data: a\n\ndata: b\n\n'], ['|a', '|b']],
  ['any line ending is accepted', ['data: a\r\n\r\ndata: b\r\rdata: c\n\n'], ['|a', '|b', '|c']],
  ['several data lines form one text', ['data: a\ndata:b\ndata\n\n'], ['|a\nb\n']],
  [
    'an event may have a name, and the next event has none',
    ['event: error\ndata: a\n\ndata: b\n\n'],
    ['error|a', '|b'],
  ],
  ['comments and other fields are ignored', [': alive\n\nid: 7\nretry: 1\ndata: a\n\n: alive\n'], ['|a']],
  ['only one leading space is removed', ['data:  a: b \n\n'], ['| a: b ']],
  ['the last event needs no empty line', ['data: a\n\ndata: [DONE]\n'], ['|a', '|[DONE]']],
  ['a partial line is ignored', ['data: a\n\ndata: {"b'], ['|a']],
  ['an event whose last line is incomplete is ignored', ['data: a\n\ndata: b\ndata: {"c'], ['|a']],
  ['empty input yields no events', ['', '\n\n'], []],
])('%s', async (_, pieces, expected) => {
  expect(await events(...pieces)).toEqual(expected);
});

test('chunks may be split anywhere', async () => {
  const text = 'event: x\r\ndata: a\r\n\r\n: alive\r\rdata: b\n\ndata: c\r\n\r\n';

  expect(await events(...text)).toEqual(await events(text));
});
