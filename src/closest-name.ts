/** The known name that differs in case, separators or two letters at most. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const asked = plain(name);
  const [best] = known
    .map((other) => ({ other, distance: distance(asked, plain(other)) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.min(2, Math.floor(asked.length / 3)) ? best.other : undefined;
}

/** The names that differ in a letter or two, or of which a word or a beginning does; the closest first, each once. */
export function closestNames(typed: string, names: readonly string[]): string[] {
  const text = typed.toLowerCase();
  const { length } = text;
  const parts = (name: string) =>
    [name.toLowerCase(), ...name.toLowerCase().split(/[\s._/:-]+/)].flatMap((part) => [
      ...[part, part.slice(0, length - 1), part.slice(0, length), part.slice(0, length + 1)],
    ]);
  return [...new Set(names)]
    .map((name) => ({ name, distance: Math.min(...parts(name).map((part) => distance(text, part))) }))
    .filter((item) => item.distance <= Math.min(2, Math.floor(text.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .map(({ name }) => name);
}

/** Letters to change, insert, leave out or swap with their neighbour (optimal string alignment). */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return Number.POSITIVE_INFINITY;
  const rows = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= other.length; j += 1) {
      const change = one[i - 1] === other[j - 1] ? 0 : 1;
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swap = isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j - 1) + change, at(i - 1, j) + 1, at(i, j - 1) + 1, swap));
    }
  }
  return at(one.length, other.length);
}
