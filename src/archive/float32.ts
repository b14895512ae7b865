/** As a number of 32 bits it is −0, which JSON's own writer would lose. */
const NEGATIVE_ZERO = -1e-46;
const SCALES = [1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13];
const [LEAST, MOST] = [1e-5, 1e6];

/**
 * The number that is written in the fewest digits among those that are `value` once they are cut to 32 bits: 0.1 for
 * 0.10000000149011612. Its quotient of two exact numbers is rounded as a decimal is read, so both are the same.
 * @param value one that 32 bits hold
 * @throws RangeError for what no JSON number can be
 */
export function shortFloat(value: number): number {
  if (value === 0) return Object.is(value, -0) ? NEGATIVE_ZERO : 0;
  const size = Math.abs(value);
  if (size >= LEAST && size < MOST)
    for (const scale of SCALES) {
      const short = Math.round(value * scale) / scale;
      if (Math.fround(short) === value) return short;
    }
  if (!Number.isFinite(value)) throw new RangeError(`a vector holds ${value}, which is no number`);
  for (let digits = 1; digits < 10; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
