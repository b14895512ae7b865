import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Result, resultsFolder } from '../test/support/faults/results.ts';
import { RELIABILITY_ROWS } from './reliability/rows.ts';

/**
 * Puts the results of a full run (`npm run test:faults`) into the table of docs/reliability.md.
 * node scripts/reliability-table.ts [folder]
 */
const DOCUMENT = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));
/** Of the model calls of tests 1 and 17 together. */
const MOST_REPEATED = 0.01;
const [BEGIN, END] = ['<!-- results: begin -->', '<!-- results: end -->'];

type Noted = Result & { readonly full: boolean; readonly at: string };

const folder = process.argv[2] ?? resultsFolder();
if (folder === undefined) {
  console.error('Where are the results? Give their folder, or FAULTS=full for that of the last full run.');
  process.exit(1);
}
const text = readFileSync(DOCUMENT, 'utf8');
const [before = '', rest = ''] = text.split(BEGIN);
const [, after = ''] = rest.split(END);
const results = resultsIn(folder);
writeFileSync(DOCUMENT, `${before}${BEGIN}\n${table(results)}\n${spentAgain(results)}${END}${after}`);

/** The model calls of tests 1 and 17 that were repeated. Test 1 does not fail above the limit, since a slow machine repeats more calls. */
function spentAgain(results: readonly Noted[]): string {
  const figures = [1, 17].flatMap((row) =>
    results.filter((result) => result.row === row).map((result) => result.figures),
  );
  const sum = (name: string) => figures.reduce((total, figure) => total + (figure?.[name] ?? 0), 0);
  if (figures.length < 2) return '';
  const share = sum('again') / sum('needed');
  const above = share > MOST_REPEATED ? ', **above the limit of 1 %**' : '';
  return `\nTests 1 and 17 together: ${sum('again')} of ${sum('needed')} model calls repeated (${(100 * share).toFixed(2)} %${above}).\n`;
}

/** Of each kind of run the latest. */
function resultsIn(path: string): Noted[] {
  const lines = readdirSync(path)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(path, name), 'utf8').trim().split('\n'));
  const latest = new Map<string, Noted>();
  for (const line of lines) {
    const result = JSON.parse(line) as Noted;
    if (result.full) latest.set(`${result.row} ${result.ran.replace(/\d[\d,.]*/g, '#')}`, result);
  }
  return [...latest.values()];
}

function table(results: readonly Noted[]): string {
  const head = ['#', 'fault', 'required', 'run', 'result', 'date', 'duration', 'test'];
  const rows = RELIABILITY_ROWS.flatMap(({ row, happens, holds, file }) => {
    const own = results.filter((result) => result.row === row);
    const runs = own.length > 0 ? own : [undefined];
    return runs.map((run, place) => [
      ...(place === 0 ? [String(row), happens, holds] : ['', '', '']),
      ...(run ? [run.ran, run.came + late(run), run.at.slice(0, 10), duration(run.took)] : ['not run yet', '', '', '']),
      place === 0 ? `\`test/faults/${file}\`` : '',
    ]);
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function late({ promised }: Noted): string {
  return promised && promised.took > promised.within
    ? ` (**later than the ${duration(promised.within)} promised**)`
    : '';
}

function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${milliseconds} ms`;
  return seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}
