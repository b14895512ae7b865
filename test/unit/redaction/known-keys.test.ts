import { expect, test } from 'vitest';
import { literalFilter } from '../../../src/redaction/character-pairs.ts';
import { KNOWN_KEY_ALTERNATIVES, withoutKnownKeys } from '../../../src/redaction/known-keys.ts';
import { hostileShapes, hostileText } from '../../support/adversarial.ts';

const hide = (kind: string) => `[redacted:${kind}]`;

/** Of forms that no shape fulfils. */
const OWN = [
  `M${'a1'.repeat(12)}.a1b2c3.${'a1'.repeat(14)}`,
  `AC${'a1'.repeat(16)}", "${'b2'.repeat(16)}`,
  `pat.${'a1'.repeat(11)}.${'b2'.repeat(12)}.${'c3'.repeat(10)}`,
  `K${'w1'.repeat(25)}w`,
];

test.each(KNOWN_KEY_ALTERNATIVES.map(({ form, literals }) => [form, literals] as const))(
  '%s is redacted in every text that contains it',
  (form, literals) => {
    const pattern = new RegExp(form);
    const shapes = hostileShapes([pattern]).map((shape) => hostileText(shape, 2_000));
    const texts = [...shapes, ...OWN].filter((text) => pattern.test(text));

    expect(texts).not.toEqual([]);
    expect(texts.filter((text) => !literals.some(literalFilter(text)))).toEqual([]);
  },
);

test('keys of many kinds are found in one text, whatever was scanned before', () => {
  const github = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
  const aws = 'AKIAIOSFODNN7EXAMPLE';

  expect(withoutKnownKeys(aws, hide)).toBe('[redacted:aws-key]');
  expect(withoutKnownKeys(`${aws} ${github}`, hide)).toBe('[redacted:aws-key] [redacted:github-token]');
  expect(withoutKnownKeys(github, hide)).toBe('[redacted:github-token]');
});
