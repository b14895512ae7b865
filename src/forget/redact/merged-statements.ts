import type { StatementRow } from '../../graph/queries/statements.ts';
import type { KnownSecrets } from './known-secrets.ts';

/**
 * Statements of sentences that stay are kept at their new place, also those that a model read; those of masked sentences are read again by
 * the rules.
 */
export function mergedStatements(
  stored: readonly StatementRow[],
  before: string,
  { content, statements }: { readonly content: string; readonly statements: readonly object[] },
  known: KnownSecrets,
): object[] {
  const places = new Map<string, readonly [before: readonly number[], after: readonly number[]]>();
  /** A sentence may occur several times; its place has as many before it as earlier. */
  const placeAfter = ({ text, start }: StatementRow): number | undefined => {
    const [earlier, later] = places.get(text) ?? [placesOf(text, before), placesOf(text, content)];
    places.set(text, [earlier, later]);
    return later[earlier.filter((place) => place < start).length] ?? later.at(-1);
  };
  const kept = stored.flatMap(({ knownAt: _, name: __, ...row }) => {
    const start = known.mask(row.text) === row.text ? placeAfter(row) : undefined;
    return start === undefined ? [] : [{ ...row, start, end: start + (row.end - row.start) }];
  });
  const texts = new Set(kept.map(({ text }) => text));
  return [...kept, ...(statements as StatementRow[]).filter(({ text }) => !texts.has(text))];
}

function placesOf(text: string, within: string): number[] {
  const places: number[] = [];
  if (text === '') return places;
  for (let at = within.indexOf(text); at >= 0; at = within.indexOf(text, at + text.length)) places.push(at);
  return places;
}
