import { expect, test } from 'vitest';
import { isOnlyRequest } from '../../../src/memory/recall.ts';

test.each([
  'user: Rename the tower of Pier.',
  'Which port has the lighthouse?',
  'Please fix the footer. Does it still say "Brewd"?',
  'OK, now deploy it',
])('a message that only asks for something has nothing to recall: %s', (message) => {
  expect(isOnlyRequest(message)).toBe(true);
});

test.each([
  'user: Port 8080 is taken by the scanner.',
  'Fix the footer. The brewery is called Hopyard now.',
  'The test fails on Windows. Why?',
  'We moved to Valkey.',
  'Build 17 is green.',
  'Release of Friday: it has the fix.',
  'Test runs take four minutes.',
])('a message that also states something does: %s', (message) => {
  expect(isOnlyRequest(message)).toBe(false);
});
