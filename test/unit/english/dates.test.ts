import { describe, expect, it } from 'vitest';
import { datesIn, validityPeriod } from '../../../src/english/dates.ts';

const TOLD = new Date('2026-03-11T09:00:00Z'); // a Wednesday

function period(text: string, told = TOLD): string {
  const { validAt, invalidAt } = validityPeriod(datesIn(text, told), told);
  const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? 'open';
  return `${day(validAt)} to ${day(invalidAt)}`;
}

describe('a date without a year', () => {
  it.each([
    // tense
    ['The mast was repaired on 12 February.', '2026-02-12 to open'],
    ['The mast was repaired on 20 May.', '2025-05-20 to open'],
    ['Sara joined on 3 December.', '2025-12-03 to open'],
    // an announcement is true from the moment it is made
    ['The demo is on 27 March.', '2026-03-11 to open'],
    ['The pilot starts on 14 September.', '2026-03-11 to open'],
    ['The launch is planned for 1 April.', '2026-03-11 to open'],
    ['The audit is postponed from 20 March to 4 May.', '2026-03-11 to open'],
    ['The fair was brought forward from 9 April to 2 April.', '2026-03-11 to open'],
    ['The report is due by 20 March.', '2026-03-11 to open'],
    // since, from, until
    ['Since 9 March the office uses district heat.', '2026-03-09 to open'],
    ['Since November the office uses district heat.', '2025-11-01 to open'],
    ['As of 1 April Mona leads the lab.', '2026-04-01 to open'],
    ['Mona leads the lab from 1 April.', '2026-04-01 to open'],
    ['Mona is away from 28 December to 5 January.', '2026-12-28 to 2027-01-05'],
    ['Mona is away from 4 May to 8 May.', '2026-05-04 to 2026-05-08'],
    ['Between 1 July and 15 July pier 9 is used.', '2026-07-01 to 2026-07-15'],
    ['Mona speaks in Oslo, 14–16 April.', '2026-04-14 to 2026-04-16'],
    ['The service keeps Perl until June.', '2026-03-11 to 2026-06-01'],
    ['The service keeps Perl until January.', '2026-03-11 to 2027-01-01'],
    ['Tara was treasurer until 30 January.', 'open to 2026-01-30'],
    // weekdays, days of the month, quarters
    ['The hall is closed until Friday.', '2026-03-11 to 2026-03-13'],
    ['On Monday Jon repaired the mast.', '2026-03-09 to open'],
    ['Last Wed the pump failed.', '2026-03-04 to open'],
    ['The pump was replaced on the 4th.', '2026-03-04 to open'],
    ['The hall is closed until the 17th.', '2026-03-11 to 2026-03-17'],
    ['The contract runs until Q3.', '2026-03-11 to 2026-07-01'],
    ['The contract was signed in Q4.', '2025-10-01 to open'],
  ])('%s', (text, expected) => {
    expect(period(text)).toBe(expected);
  });

  it('that has just passed does not move to next year', () => {
    expect(period('As of 1 March Mona leads the lab.')).toBe('2026-03-01 to open');
  });
});
