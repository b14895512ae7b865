import { expect, test } from 'vitest';
import { endsFact } from '../../../src/search/answer/outdated/current-content.ts';

const drawing = { isPart: true, endedTerms: ['draw', 'wgpu'] };

test.each([
  ['wgpu', true],
  ['Rust', false],
  ['Heron', false],
])('of a sentence that ends in part, the fact about %s ends: %s', (target, isEnded) => {
  expect(endsFact(drawing, { source: 'Heron', target })).toBe(isEnded);
});

test('all facts of a sentence that ends as a whole end', () => {
  expect(endsFact({ isPart: false, endedTerms: [] }, { source: 'Heron', target: 'Rust' })).toBe(true);
});
