import { expect, test } from 'vitest';
import { archivesToKeep, type DatedArchive } from '../../../src/archive/prune.ts';
import { DAY, HOUR } from '../../../src/time.ts';
import { random } from '../../support/random.ts';

const START = Date.UTC(2025, 0, 1);
const nightly = (nights: number): DatedArchive[] =>
  Array.from({ length: nights }, (_, night) => ({ at: new Date(START + night * DAY + 3 * HOUR), isVerified: false }));
const days = (kept: Iterable<DatedArchive>) => [...kept].map(({ at }) => at.toISOString().slice(0, 10)).sort();

test('after a year of nights, the last 7 days, 4 weeks and 12 months are kept', () => {
  const kept = days(archivesToKeep(nightly(365), { daily: 7, weekly: 4, monthly: 12 }));

  expect(kept).toEqual([
    ...['2025-01-31', '2025-02-28', '2025-03-31', '2025-04-30', '2025-05-31', '2025-06-30', '2025-07-31', '2025-08-31'],
    ...['2025-09-30', '2025-10-31', '2025-11-30', '2025-12-14', '2025-12-21'],
    ...['2025-12-25', '2025-12-26', '2025-12-27', '2025-12-28', '2025-12-29', '2025-12-30', '2025-12-31'],
  ]);
});

test('for any archives and any retention, the required archives are kept, and no more of each kind than requested', () => {
  const next = random(11);
  const number = (most: number) => Math.floor(next() * (most + 1));
  for (let round = 0; round < 500; round += 1) {
    const archives: DatedArchive[] = Array.from({ length: number(40) }, () => ({
      at: new Date(START + number(400 * 24) * HOUR),
      isVerified: next() < 0.2,
    }));
    const retention = { daily: number(5), weekly: number(5), monthly: number(5) };

    const kept = archivesToKeep(archives, retention);

    const newest = (list: readonly DatedArchive[]) => Math.max(...list.map(({ at }) => at.getTime()));
    const verified = archives.filter(({ isVerified }) => isVerified);
    const times = [...kept].map(({ at }) => at.getTime());
    if (archives.length > 0) expect(times).toContain(newest(archives));
    if (verified.length > 0)
      expect([...kept].some((it) => it.isVerified && it.at.getTime() === newest(verified))).toBe(true);
    expect(kept.size).toBeLessThanOrEqual(retention.daily + retention.weekly + retention.monthly + 2);
    for (const it of kept) expect(archives).toContain(it);
    // What was kept is kept again: to prune twice removes nothing more.
    expect(archivesToKeep([...kept], retention)).toEqual(kept);
    // Each of the last days has its newest.
    const byDay = Map.groupBy(archives, ({ at }) => Math.floor(at.getTime() / DAY));
    for (const day of [...byDay.keys()].sort((a, b) => b - a).slice(0, retention.daily))
      expect(times).toContain(newest(byDay.get(day) ?? []));
  }
});

test('a clock that runs ahead removes nothing', () => {
  const archives = nightly(3);
  expect(archivesToKeep(archives, { daily: 7, weekly: 0, monthly: 0 }).size).toBe(3);
});
