import { describe, expect, it } from 'vitest';
import { endedSentences } from '../../../src/statements/ended-ranges.ts';
import { parseSentences } from '../../../src/statements/sentence.ts';
import { statementsOf } from '../../../src/statements/statement.ts';

const MOMENT = { asOf: new Date('2026-05-31T00:00:00Z') };
const told = (content: string, day: string) => ({
  uuid: `${day} ${content}`,
  content,
  source: /^(?:user|assistant): /.test(content) ? 'message' : 'text',
  referenceTime: new Date(`${day}T10:00:00Z`),
});

/** How the sentences read that later texts correct; `next` where the first of these is the next turn of the session. */
function correctedIn(earlier: string, later: readonly string[], place: 'next' | 'elsewhere'): (string | undefined)[] {
  const first = told(earlier, '2026-03-02');
  const texts = later.map((text, at) => told(text, `2026-03-${10 + at}`));
  const shown = {
    sentences: parseSentences(first),
    episode: first.uuid,
    saidAt: first.referenceTime,
    ...(place === 'next' && {
      nextCorrections: new Set([texts[0]?.uuid ?? '']),
      episodeStatements: statementsOf(first),
    }),
  };
  return endedSentences(shown, texts.flatMap(statementsOf), MOMENT).map(({ corrected }) => corrected);
}

describe('a number in an earlier text is corrected', () => {
  it.each([
    [
      'for the same thing',
      'The tile renderer listens on port 7070.',
      'Correction to the note of last week: the port of the tile renderer is 7071.',
      'The tile renderer listens on port 7071.',
    ],
    [
      'by its old value and the subject of the text',
      'assistant: The admin page of the scheduler listens on port 4100, Redis on 6379.',
      'user: no, it is port 4101. 4100 belongs to the printer\nassistant: Done, the admin page answers on 4101 now.',
      'The admin page of the scheduler listens on port 4101, Redis on 6379.',
    ],
    [
      'with the unit of the earlier text',
      'The upload timeout is 30 s.',
      'Sorry, the upload timeout is 45 seconds.',
      'The upload timeout is 45 s.',
    ],
  ])('%s', (_, earlier, later, corrected) => {
    expect(correctedIn(earlier, [later], 'elsewhere')).toEqual([expect.stringContaining(corrected)]);
  });

  it.each([
    ['The label printer listens on port 9100.', 'no, it is port 9101', 'The label printer listens on port 9101.'],
    ['The label printer listens on 9100.', 'No, it is 9101.', 'The label printer listens on 9101.'],
    ['The import timeout is 20 s.', 'user: sorry, the timeout is 25 s', 'The import timeout is 25 s.'],
  ])('in the next turn: %s | %s', (earlier, later, corrected) => {
    expect(correctedIn(earlier, [later], 'next')).toEqual([corrected]);
  });
});

describe('nothing is corrected', () => {
  it.each([
    ['elsewhere, without a name', 'The label printer listens on port 9100.', 'no, it is port 9101'],
    ['another thing', 'The label printer listens on port 9100.', 'Correction: the port of the scanner is 9101.'],
    ['a part of the thing', 'The gateway listens on port 9100.', 'Correction: the admin port of the gateway is 9101.'],
    ['another environment', 'The proxy listens on port 9100.', 'Correction: the port of the proxy in staging is 9101.'],
    [
      'another environment, named elsewhere in the text',
      'The proxy listens on port 9100.',
      'No, it is port 9101. 9100 was a typo. In staging the proxy answers on 9101.',
    ],
    ['what a thing connects to', 'The proxy connects to port 5432.', 'Correction: the port of the proxy is 9101.'],
    ['another property', 'The proxy timeout is 30 s.', 'Correction: the proxy interval is 45 s.'],
    ['a denial', 'The proxy listens on port 9100.', 'No port of the proxy is 9101.'],
    ['a question', 'The proxy listens on port 9100.', 'No, the port of the proxy is 9101?'],
    ['a quotation', 'The proxy listens on port 9100.', 'Ana wrote: "No, the port of the proxy is 9101."'],
    ['a supposition', 'The proxy listens on port 9100.', 'No, maybe the port of the proxy is 9101.'],
    [
      'the subject that the old number really belongs to',
      'The label printer listens on port 9100.',
      'no, it is port 9101. 9100 belongs to the label printer\nassistant: The admin page answers on 9101 now.',
    ],
  ])('%s', (_, earlier, later) => {
    expect(correctedIn(earlier, [later], 'elsewhere')).toEqual([]);
  });

  it.each([
    [
      'with two candidates',
      'The scanner listens on port 9100. The printer listens on port 9200.',
      'no, it is port 9101',
    ],
    ['with two candidates in one sentence', 'The scanner listens on port 9100, Redis on 6379.', 'no, it is port 9101'],
    ['with a number of another kind', 'The import timeout is 20 s.', 'no, it is port 9101'],
    ['another thing', 'The scanner listens on port 9100.', 'no, the port of the printer is 9101'],
    ['another environment', 'The scanner listens on port 9100.', 'no, on staging it is port 9101'],
    ['a question', 'The scanner listens on port 9100.', 'no, is it port 9101?'],
    ['with other numbers in the text', 'The scanner listens on port 9100.', 'no, it is port 9101, 9300 is the printer'],
  ])('in the next turn: %s', (_, earlier, later) => {
    expect(correctedIn(earlier, [later], 'next')).toEqual([]);
  });
});
