import { expect, test } from 'vitest';
import { shortestFloat32 } from '../../../src/archive/graph-element.ts';
import { random } from '../../support/random.ts';

const bits = (value: number) => new Uint32Array(new Float32Array([value]).buffer)[0];

test('every 32-bit float survives JSON bit for bit', () => {
  const next = random(5);
  const float = new Float32Array(1);
  const raw = new Uint32Array(float.buffer);
  for (let round = 0; round < 200_000; round += 1) {
    raw[0] = Math.floor(next() * 2 ** 32);
    const value = round % 2 === 0 ? (float[0] ?? 0) : Math.fround((next() - 0.5) / 10);
    if (!Number.isFinite(value)) continue;
    expect(bits(JSON.parse(JSON.stringify(shortestFloat32(value))))).toBe(bits(value));
  }
});

test.each([
  [0.1, '0.1'],
  [-0.333333333, '-0.33333334'],
  [1, '1'],
  [0, '0'],
  [0.0123456, '0.0123456'],
  [3.4e30, '3.4e+30'],
  [1e-10, '1e-10'],
])('%s is written as %s', (value, text) => {
  expect(JSON.stringify(shortestFloat32(Math.fround(value)))).toBe(text);
});

test('the sign of zero is preserved', () => {
  expect(bits(JSON.parse(JSON.stringify(shortestFloat32(-0))))).toBe(0x80000000);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s is rejected', (value) => {
  expect(() => shortestFloat32(value)).toThrow(RangeError);
});
