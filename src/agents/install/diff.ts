import { structuredPatch } from 'diff';

/** Lines of context around a change. */
const AROUND = 2;
/** More changed lines than this are shown as one block: finding the shortest difference of large texts takes long. */
const MOST_CHANGES = 2_000;

/** The difference between two texts, line by line: ` ` unchanged, `-` removed, `+` added, `…` for more unchanged lines. */
export function diff(before: string, after: string): string[] {
  const [old, young] = [ended(before), ended(after)];
  const patch = structuredPatch('', '', old, young, '', '', { context: AROUND, maxEditLength: MOST_CHANGES });
  if (!patch) return [...lines(old).map((line) => `- ${line}`), ...lines(young).map((line) => `+ ${line}`)];
  const last = patch.hunks.at(-1);
  const isWhole = !last || last.oldStart + last.oldLines > lines(old).length;
  const shown = patch.hunks.flatMap((hunk) => [
    ...(hunk.oldStart > 1 ? ['  …'] : []),
    ...hunk.lines.map((line) => `${line[0]} ${line.slice(1)}`),
  ]);
  return isWhole ? shown : [...shown, '  …'];
}

/** A missing line break at the end is not shown as a change. */
const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

const lines = (text: string): string[] => (text === '' ? [] : text.slice(0, -1).split('\n'));
