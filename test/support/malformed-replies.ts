import { random } from './random.ts';

const ODD: readonly unknown[] = [
  ...[null, 0, -1, 7, 1e308, true, false, '', ' ', 'x', [], {}, [[]], [null], { a: 1 }],
  ...['2025-13-45', '2025-02-30T25:61:61Z', '0000-00-00', 'yesterday', '99999-01-01', '2025-06-01T00:00:00+99:99'],
  ...['\0', '\ud800', '\u202e', '__proto__', 'constructor', 'x'.repeat(5000), '</episode>'],
];
const RAW = [
  '1e999',
  '-1e999',
  '123456789012345678901234567890',
  '"\\ud800"',
  '"\\u0000"',
  'NaN',
  'undefined',
  '{',
  '[',
  '"',
  ',,',
];

/** `count` texts made from a good reply by typical faults of models and networks; deterministic for a seed. */
export function* malformedReplies(seed: number, count: number, good: string): Generator<string> {
  const chance = random(seed);
  const below = (most: number) => Math.floor(chance() * most);
  const one = <T>(items: readonly T[]): T => items[below(items.length)] as T;

  /** The value with one to three of its parts replaced, removed or doubled. */
  function changed(value: unknown): unknown {
    if (chance() < 0.25) return one(ODD);
    if (Array.isArray(value)) {
      const items = value.map((item) => (chance() < 0.5 ? changed(item) : item));
      return chance() < 0.2 ? [...items, ...items, one(ODD)] : items;
    }
    if (value !== null && typeof value === 'object') {
      const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
        const kind = chance();
        if (kind < 0.12) return [];
        if (kind < 0.2)
          return [
            [key, inner],
            [one(['extra', '__proto__', 'type', key.toUpperCase()]), one(ODD)],
          ];
        return [[key, kind < 0.6 ? changed(inner) : inner]];
      });
      return Object.fromEntries(entries);
    }
    return chance() < 0.3 ? one(ODD) : value;
  }

  const ways: readonly (() => string)[] = [
    () => good.slice(0, below(good.length)),
    () => good.slice(below(good.length)),
    () => JSON.stringify(changed(JSON.parse(good))) ?? 'undefined',
    () => JSON.stringify(changed(JSON.parse(good))) ?? 'undefined',
    () => JSON.stringify(changed(JSON.parse(good))) ?? 'undefined',
    () => `Here {you} are: ${good.slice(0, below(good.length * 2))} — done {`,
    () => `\`\`\`json\n${good.slice(below(8))}\n\`\`\``,
    () => `${'['.repeat(below(3000))}${good}${']'.repeat(below(3000))}`,
    () => `${'{"a":'.repeat(below(3000))}${good}`,
    // Duplicate keys: the first with its value, the second with an odd one.
    () => good.replace(/"(\w+)":/g, (key) => (chance() < 0.3 ? `${key}${JSON.stringify(one(ODD))},${key}` : key)),
    () => good.replace(/"[^"]*"|\d+|null/g, (part) => (chance() < 0.15 ? one(RAW) : part)),
    () => JSON.stringify(good),
    () => JSON.stringify({ reply: JSON.parse(good) }),
    () => JSON.stringify([JSON.parse(good)]),
  ];
  for (let made = 0; made < count; made += 1) yield one(ways)();
}
