/** Milliseconds by unit. */
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DURATION = /^([1-9]\d{0,5})([mhdw])$/;

/** Milliseconds of a duration such as 30m, 12h, 90d or 4w; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit = ''] = DURATION.exec(text.trim()) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] ?? 0);
}
