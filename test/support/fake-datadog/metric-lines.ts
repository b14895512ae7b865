/** One line of DogStatsD's protocol: `name:value|type|#tag:value,…`. */
export interface MetricLine {
  readonly name: string;
  readonly value: number;
  /** c count, g gauge, d distribution. */
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
}

export function readMetricLines(body: string): MetricLine[] {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [named = '', type = '', ...rest] = line.split('|');
      const [name = '', value] = named.split(':');
      const tags = rest.find((part) => part.startsWith('#'))?.slice(1) ?? '';
      return { name, value: Number(value), type, tags: Object.fromEntries(tags.split(',').filter(Boolean).map(pair)) };
    });
}

function pair(tag: string): [string, string] {
  const [name = '', ...value] = tag.split(':');
  return [name, value.join(':')];
}
