import { describe, expect, test } from 'vitest';
import type { Params } from '../../../src/graph/query-text.ts';
import {
  firstDivergentChange,
  isLaterEntry,
  journalHasHead,
  lastBaseArchive,
  type ReplayStep,
  replayPlan,
  replayStep,
} from '../../../src/journal/replay-plan.ts';

const NEW = { token: 0, changeId: '' };

/** Entries in words: `a: 0 > 5` follows on a new graph, `b: a 5 > 7` on the change `a` under lease 5; `base c: 9` is another graph. */
function steps(...lines: string[]): ReplayStep[] {
  return lines.map((line, place) => {
    const id = `${1000 + place}-0`;
    if (line === 'record') return replayStep({ id, query: '', params: { episodes: [] } });
    const [, mark = '', after, seen, fence] = /^(?:base )?(\w+): (?:(?:(\w+) )?(\d+) > )?(\d+)$/.exec(line) ?? [];
    const isBase = line.startsWith('base');
    const link: Params = isBase ? {} : { after: after ?? '', seen: Number(seen) };
    return replayStep({
      ...{ id, query: '', params: { fence: Number(fence), mark, ...link } },
      ...(isBase && { base: { file: `${mark}.json`, sha256: '' } }),
    });
  });
}

const chainOf = (all: ReplayStep[], from = NEW, since?: string) => {
  const { chain, orphans } = replayPlan(all, from, since);
  return { chain: chain.map((id) => all.findIndex((step) => step.id === id)), orphans };
};

describe('the chain', () => {
  test('links each change to the next, past entries without a fence, even within one lease', () => {
    const all = steps('record', 'a: 0 > 5', 'b: a 5 > 5', 'record', 'c: b 5 > 5', 'd: c 5 > 9');

    expect(chainOf(all)).toEqual({ chain: [1, 2, 4, 5], orphans: 0 });
    expect(chainOf(all, { token: 5, changeId: 'b' }, '1002-0')).toEqual({ chain: [4, 5], orphans: 0 });
    expect(chainOf(all, { token: 9, changeId: 'd' }, '1005-0')).toEqual({ chain: [], orphans: 0 });
  });

  test('leaves out a rejected change, wherever its entry is', () => {
    // `x` was noted under the same lease and refused, since `b` of the next lease came first.
    expect(chainOf(steps('a: 0 > 5', 'x: a 5 > 5', 'b: a 5 > 7', 'c: b 7 > 7'))).toEqual({
      chain: [0, 2, 3],
      orphans: 0,
    });
    expect(chainOf(steps('a: 0 > 5', 'b: a 5 > 7', 'x: a 5 > 5', 'c: b 7 > 7'))).toEqual({
      chain: [0, 1, 3],
      orphans: 0,
    });
  });

  test('takes the later of two changes without a successor', () => {
    expect(chainOf(steps('a: 0 > 5', 'x: a 5 > 5', 'b: a 5 > 7'))).toEqual({ chain: [0, 2], orphans: 0 });
  });

  test('takes the longer branch when a graph was lost and restarted', () => {
    const all = steps('a: 0 > 5', 'b: a 5 > 6', 'c: b 6 > 7', 'n: 0 > 8', 'm: n 8 > 9');

    expect(chainOf(all)).toEqual({ chain: [0, 1, 2], orphans: 0 });
  });

  test('takes a change recorded twice only once', () => {
    expect(chainOf(steps('a: 0 > 5', 'a: 0 > 5', 'b: a 5 > 6'))).toEqual({ chain: [1, 2], orphans: 0 });
  });

  test('ends at a gap and counts each change behind the gap that follows no known change', () => {
    expect(chainOf(steps('a: 0 > 5', 'c: lost 6 > 7', 'd: c 7 > 8'))).toEqual({ chain: [0], orphans: 1 });
    expect(chainOf(steps('b: trimmed 4 > 5', 'c: b 5 > 6'))).toEqual({ chain: [], orphans: 1 });
    // As for a graph that was there before anything was noted.
    expect(chainOf(steps('a: 4 > 5', 'b: a 5 > 6'))).toEqual({ chain: [], orphans: 1 });
    expect(chainOf(steps('a: 4 > 5', 'b: a 5 > 6'), { token: 4, changeId: '' })).toEqual({ chain: [0, 1], orphans: 0 });
  });

  test('counts the later changes that are not part of it', () => {
    const all = steps('a: 0 > 5', 'x: a 5 > 5', 'b: a 5 > 7', 'c: lost 8 > 9');

    expect(replayPlan(all, NEW)).toMatchObject({ skipped: 2 });
    expect(replayPlan(all, { token: 5, changeId: 'a' }, '1001-0')).toMatchObject({ skipped: 1 });
  });

  test('needs no change that an archive contains', () => {
    const all = steps('b: trimmed 4 > 5', 'c: b 5 > 6', 'd: c 6 > 7');

    expect(chainOf(all, { token: 6, changeId: 'c' }, '1001-0')).toEqual({ chain: [2], orphans: 0 });
  });

  test('of a graph put in place later does not continue the chain before', () => {
    const all = steps('a: 0 > 5', 'base b: 6', 'c: b 6 > 7');

    expect(chainOf(all)).toEqual({ chain: [0], orphans: 0 });
    expect(chainOf(all, { token: 6, changeId: 'b' }, '1001-0')).toEqual({ chain: [2], orphans: 0 });
  });
});

describe('a base archive', () => {
  test('is the last one that was put in place', () => {
    expect(lastBaseArchive(steps('a: 0 > 5'))).toBeUndefined();
    expect(lastBaseArchive(steps('base a: 5', 'b: a 5 > 6', 'base c: 7', 'record'))?.id).toBe('1002-0');
    expect(lastBaseArchive(steps('base a: 5', 'b: a 5 > 6', 'base c: 7', 'd: c 7 > 8'))?.id).toBe('1002-0');
  });

  test('is ignored when the process died before putting it in place', () => {
    expect(lastBaseArchive(steps('a: 0 > 5', 'base x: 6', 'b: a 5 > 7'))).toBeUndefined();
  });
});

test('ids are compared as numbers', () => {
  expect(isLaterEntry('10-0', '9-0')).toBe(true);
  expect(isLaterEntry('10-10', '10-9')).toBe(true);
  expect(isLaterEntry('10-9', '10-9')).toBe(false);
  expect(isLaterEntry('0-0', '1-0')).toBe(false);
});

test('a graph belongs to the journal when a change matches or follows its mark, or when no change has a fence', () => {
  const all = steps('a: 0 > 5', 'b: a 5 > 7', 'd: c 7 > 9');

  expect(
    [NEW, { token: 5, changeId: 'a' }, { token: 7, changeId: 'c' }].map((mark) => journalHasHead(all, mark)),
  ).toEqual([true, true, true]);
  expect(journalHasHead(all, { token: 5, changeId: 'x' })).toBe(false);
  expect(journalHasHead(steps('record'), { token: 5, changeId: 'x' })).toBe(true);
});

describe('a graph that lost changes', () => {
  const idOf = (all: ReplayStep[], from: string, taken: string) => {
    const id = firstDivergentChange(all, from, taken);
    return id && all.findIndex((step) => step.id === id);
  };

  test('is detected where its branch leaves the recorded one, even within one lease', () => {
    expect(idOf(steps('a: 0 > 5', 'b: a 5 > 7', 'x: 0 > 9', 'y: x 9 > 9'), 'y', 'b')).toBe(2);
    expect(idOf(steps('a: 0 > 5', 'b: a 5 > 5', 'x: a 5 > 7'), 'x', 'b')).toBe(2);
  });

  test('is not assumed when its branch leads past the recorded one, to another graph, or beyond the journal', () => {
    expect(firstDivergentChange(steps('a: 0 > 5', 'b: a 5 > 7', 'c: b 7 > 9'), 'c', 'a')).toBeUndefined();
    expect(firstDivergentChange(steps('a: 0 > 5', 'b: a 5 > 7', 'base c: 9', 'd: c 9 > 9'), 'd', 'b')).toBeUndefined();
    expect(firstDivergentChange(steps('c: b 7 > 9'), 'c', 'a')).toBeUndefined();
  });

  test('is rebuilt without the changes of the abandoned branch, however long that branch is', () => {
    const all = steps('a: 0 > 5', 'x: 0 > 9', 'y: x 9 > 9', 'z: y 9 > 9').map((step, place) =>
      place === 0 ? step : { ...step, isAbandoned: true },
    );

    expect(chainOf(all)).toEqual({ chain: [0], orphans: 0 });
    expect(replayPlan(all, NEW).skipped).toBe(3);
  });
});
