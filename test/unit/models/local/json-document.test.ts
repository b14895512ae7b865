import { describe, expect, it } from 'vitest';
import { reading, stated } from './episodes.ts';

describe('a JSON document', () => {
  it.each([
    '{"name":"Harbor","owner":"Mira Okafor"}',
    '[{"zone":"eu-north-1"}]',
    `${'[{"a":'.repeat(10_000)}1${'}]'.repeat(10_000)}`,
  ])('is not extracted, only split into passages: %.40s', (content) => {
    expect(reading(content, 'json')).toEqual({ entities: [], facts: [], ended: [] });
  });

  it('is read as text when it does not parse', () => {
    expect(stated(reading('Alice likes green tea', 'json'))).toEqual(['Alice LIKES green tea']);
  });
});
