import { describe, expect, test } from 'vitest';
import { changedSummary } from '../../../src/ingest/summaries.ts';

const change = (add: string[], drop: string[] = []) => ({ add, drop });

describe('a summary', () => {
  test('contains only facts that hold, whatever the summary was before', () => {
    const row = { summary: 'Harbor used Redis\nHarbor has piers', held: ['Harbor has piers', 'Harbor uses Valkey'] };

    expect(changedSummary(row, change(['Mira leads Harbor'], ['Harbor uses Valkey']))).toEqual({
      summary: 'Harbor has piers\nMira leads Harbor',
      isLong: false,
    });
  });

  test('of many facts keeps the description of the entity and the latest facts', () => {
    const told = `It was told in ${'many '.repeat(100)}words.`;
    const held = Array.from({ length: 50 }, (_, index) => `${'x'.repeat(60)}${index}`);

    const { summary, isLong } = changedSummary({ summary: told, held }, change(['Harbor has piers']));

    expect(summary).toBe(`${told}\nHarbor has piers`);
    expect(isLong).toBe(false);
  });

  test('that grows too long drops its oldest lines and says so', () => {
    const lines = Array.from({ length: 30 }, (_, index) => `${index} ${'x'.repeat(90)}`);

    const { summary, isLong } = changedSummary({ summary: lines.join('\n'), held: null }, change(['the latest']));

    expect(isLong).toBe(true);
    expect(summary.length).toBeLessThanOrEqual(2000);
    expect(summary.split('\n').at(-1)).toBe('the latest');
    expect(summary.split('\n')).not.toContain(lines[0]);
  });

  test('of a single sentence that is too long is that sentence', () => {
    const long = 'x'.repeat(3000);

    expect(changedSummary({ summary: '', held: [] }, change([long])).summary).toBe(long);
  });
});
