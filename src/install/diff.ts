/** Lines of context around a change. */
const AROUND = 2;
/** More lines than this between the first and the last change are not compared one by one. */
const MOST = 2_000;

/** What changes between two texts, line by line: ` ` stays, `-` goes, `+` comes, `…` stands for more that stays. */
export function diff(before: string, after: string): string[] {
  const [old, young] = [lines(before), lines(after)];
  const marked = compared(old, young);
  const isShown = marked.map((_, index) =>
    marked.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(([mark]) => mark !== ' '),
  );
  return marked.flatMap((line, index) => {
    if (isShown[index]) return [line];
    return isShown[index - 1] || index === 0 ? ['  …'] : [];
  });
}

function compared(old: readonly string[], young: readonly string[]): string[] {
  const shortest = Math.min(old.length, young.length);
  let head = 0;
  while (head < shortest && old[head] === young[head]) head += 1;
  let tail = 0;
  while (tail < shortest - head && old.at(-1 - tail) === young.at(-1 - tail)) tail += 1;
  const middle = between(old.slice(head, old.length - tail), young.slice(head, young.length - tail));
  const same = (line: string) => `  ${line}`;
  return [...old.slice(0, head).map(same), ...middle, ...old.slice(old.length - tail).map(same)];
}

/** The longest common lines stay (the textbook's table of lengths). */
function between(old: readonly string[], young: readonly string[]): string[] {
  const [gone, come] = [(line: string) => `- ${line}`, (line: string) => `+ ${line}`];
  if (old.length === 0 || young.length === 0 || old.length * young.length > MOST ** 2)
    return [...old.map(gone), ...young.map(come)];
  const width = young.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = young.length - 1; j >= 0; j -= 1)
      common[i * width + j] = old[i] === young[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const result: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < young.length) {
    if (i < old.length && j < young.length && old[i] === young[j]) {
      result.push(`  ${old[i]}`);
      i += 1;
      j += 1;
    } else if (j >= young.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) result.push(gone(old[i++] ?? ''));
    else result.push(come(young[j++] ?? ''));
  }
  return result;
}

const lines = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
