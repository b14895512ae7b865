import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const pagesIn = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const pages = [...pagesIn('.'), ...pagesIn('docs'), ...pagesIn('examples')];
const text = (page: string) => readFileSync(join(ROOT, page), 'utf8');
/** Without code, in which brackets and `#` mean something else. */
const prose = (page: string) => text(page).replace(/^```[\s\S]*?^```$/gm, '');

/** As GitHub makes it: lower case, punctuation removed, spaces as hyphens, a repeated one numbered. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

test.each(pages)('every link in %s points to an existing file and heading of this repository', (page) => {
  const broken = [
    ...prose(page)
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), decodeURIComponent(path)));
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor);
    });

  expect(broken).toEqual([]);
});

// docs/api.md is generated and begins with its way on.
test.each(pagesIn('docs').filter((page) => page !== 'docs/api.md'))(
  '%s ends with a link to further reading',
  (page) => {
    const last = text(page).trimEnd().split('\n').at(-1) ?? '';

    expect(last).toMatch(/^Next: .*\]\([^)]+\.md/);
  },
);
