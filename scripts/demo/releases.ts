import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** One release of a change log. */
export interface Release {
  readonly version: string;
  readonly date: Date;
  /** Markdown, with a heading that names the package and the version. */
  readonly text: string;
}

const HEADING = /^#{1,2} (?:\[|v)(\d+\.\d+\.\d+[\w.-]*).*?(\d{4}-\d\d-\d\d|[A-Z][a-z]+ \d{1,2}, \d{4})\)?\s*$/gm;

/** The releases that an installed package's change log tells of, oldest first. */
export function releasesOf(name: string): Release[] {
  const file = createRequire(import.meta.url)
    .resolve(`${name}/package.json`)
    .replace('package.json', 'CHANGELOG.md');
  const log = readFileSync(file, 'utf8');
  const headings = [...log.matchAll(HEADING)];
  const releases = headings.map(({ index, 0: heading, 1: version = '', 2: day = '' }, place) => {
    const body = log.slice(index + heading.length, headings[place + 1]?.index).trim();
    return { version, date: new Date(`${day} UTC`), text: `# ${name} ${version} (${day})\n\n${body}` };
  });
  return releases.sort((a, b) => a.date.getTime() - b.date.getTime());
}
