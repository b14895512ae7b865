import { describe, expect, it } from 'vitest';
import { reading, times } from './episodes.ts';

describe('the time of a fact', () => {
  it.each([
    ['Ines Aalto leads Lighthouse since March 2025.', '2025-03-01 to open'],
    ['Mira Okafor became tech lead of Harbor on 14 July 2025.', '2025-07-14 to open'],
    ['Mira joined Harbor on 2025-01-06.', '2025-01-06 to open'],
    ['Mira joined Harbor in 2024.', '2024-01-01 to open'],
    ['Mira joined Harbor yesterday.', '2025-10-20 to open'],
    ['Mira joined Harbor last week.', '2025-10-13 to open'],
    ['Mira joined Harbor three months ago.', '2025-07-21 to open'],
    ['Mira joined Harbor last Friday.', '2025-10-17 to open'],
    ['Mira leads Harbor starting 2027-01-01.', '2027-01-01 to open'],
    ['Harbor uses Solid from next spring.', '2026-03-01 to open'],
    ['Mira led Harbor from May 2024 to June 2025.', '2024-05-01 to 2025-06-01'],
    ['Mira worked on Harbor until June 2025.', 'open to 2025-06-01'],
    ['Mira works on Harbor until June 2027.', '2025-10-21 to 2027-06-01'],
    ['Mira works on Harbor.', '2025-10-21 to open'],
  ])('%s', (words, time) => {
    expect(times(reading(words))).toEqual([time]);
  });

  it('is the full reference time when the sentence has no date', () => {
    const referenceTime = new Date('2025-03-11T08:15:30Z');
    expect(reading('Mira works on Harbor.', 'text', referenceTime).facts[0]?.validAt).toEqual(referenceTime);
  });

  it('never comes from a version number, and a date never becomes an entity', () => {
    const note = reading('Harbor uses Ubuntu 24.04 and ES2023. Harbor moved to Oslo in March 2025.');
    expect(times(note).slice(0, 2)).toEqual(['2025-10-21 to open', '2025-10-21 to open']);
    expect(note.entities.map(({ name }) => name).filter((name) => /March|2025$/.test(name))).toEqual([]);
  });
});
