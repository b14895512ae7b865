import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A command in the docs and what it says it prints. */
export interface Example {
  readonly place: string;
  /** The page's name without its ending, such as `search`. */
  readonly page: string;
  readonly command: string;
  /** The program that the block needs, such as `codex`, as the first line of the block names it. */
  readonly host: string | undefined;
  /** Lines; `…` in one stands for anything. */
  readonly output: readonly string[];
}

/** A program in the docs, run as it stands. */
export interface Program {
  readonly place: string;
  readonly code: string;
}

const BLOCK = /^```(console|ts)(?: host=(\w+))?\n([\s\S]*?)^```$/gm;

/**
 * The `console` blocks (lines that start with `$ ` are commands) and the `ts` blocks of the README, the docs and the examples, in
 * order. A block ```` ```console host=codex ```` needs that agent. With `pages`, such as `README`, `search` or `examples`, only theirs.
 * @throws Error for a page that does not exist, naming those that do
 */
export function findExamples(
  root: string,
  pages: readonly string[] = [],
): { examples: Example[]; programs: Program[] } {
  const files = [
    'README.md',
    'examples/README.md',
    ...readdirSync(join(root, 'docs')).map((name) => join('docs', name)),
  ].filter((name) => name.endsWith('.md'));
  const known = files.map(pageOf);
  const unknown = pages.filter((page) => !known.includes(page));
  if (unknown.length > 0) throw new Error(`There is no page ${unknown.join(', ')}; the pages are ${known.join(', ')}.`);
  const examples: Example[] = [];
  const programs: Program[] = [];
  const isChosen = (name: string) => pages.length === 0 || pages.includes(pageOf(name));
  for (const file of files.filter(isChosen)) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const { 1: kind, 2: host, 3: body = '', index } of text.matchAll(BLOCK)) {
      const place = `${file}:${text.slice(0, index).split('\n').length}`;
      if (kind === 'ts') programs.push({ place, code: body });
      else examples.push(...commandsOf(body).map((example) => ({ ...example, host, place, page: pageOf(file) })));
    }
  }
  return { examples, programs };
}

/** `README`, `search`, and `examples` for the README of that folder. */
const pageOf = (file: string): string => (file === 'examples/README.md' ? 'examples' : basename(file, '.md'));

function commandsOf(body: string): Pick<Example, 'command' | 'output'>[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return { command, output };
    });
}

/** Whether what was printed is what the docs show. */
export function matchesOutput(shown: readonly string[], printed: string): boolean {
  const pattern = shown.map((line) => line.split('…').map(escaped).join('.*')).join('\n');
  return new RegExp(`^${pattern}$`, 's').test(printed.trimEnd());
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
