import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own notice, which the Apache License asks to keep with every copy. */
export const NOTICE = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'NOTICE'), 'utf8');

/** Licences under which a package may become part of a bundle, provided that its notice is kept. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']);

/**
 * The licence of every package of which a bundle holds a file.
 * @param files paths of the bundled modules
 * @throws Error for a package whose licence is missing or not among those allowed
 */
export function thirdPartyNotices(files) {
  const folders = new Set([...files].map(packageFolder).filter((folder) => folder !== undefined));
  const notices = [...folders].map(noticeOf).sort((one, other) => (one.title < other.title ? -1 : 1));
  const unique = new Map(notices.map(({ title, text }) => [`${title}\n${text}`, { title, text }]));
  return [
    `${NOTICE}\nmemory-manager (Apache-2.0) contains these packages.\n`,
    ...[...unique.values()].map(({ title, text }) => `${'-'.repeat(80)}\n${title}\n\n${text}\n`),
  ].join('\n');
}

/** The folder of the package in `node_modules` to which a module belongs; undefined for our own. */
function packageFolder(file) {
  const [, folder] = /^\0?(?:[\w-]+:)*(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(file) ?? [];
  return folder;
}

function noticeOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!ALLOWED.has(license))
    throw new Error(
      `${name} would be bundled under the licence "${license}"; decide in scripts/third-party-notices.mjs.`,
    );
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copying)(?:[-.]|$)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
  const holder = typeof author === 'string' ? author : author?.name;
  return {
    title: `${name} ${version} (${license})`,
    text: texts.join('\n\n') || `Copyright ${holder ?? `the authors of ${name}`}. Its package holds no licence text.`,
  };
}

const bundled = new Set();

/**
 * A plugin of rolldown: writes the notices of all bundles of this build into `file`, and our own notice at the end of each bundle.
 * @param file path of the file with the notices
 * @param inside true for a bundle that people copy alone: it gets the notices of its packages at its end, too
 * @param more paths of modules that it holds as text, or in a file that is no chunk
 */
export const thirdPartyNoticesPlugin = (file, { inside = false, more = [] } = {}) => ({
  name: 'third-party-notices',
  writeBundle({ dir, file: single }, bundle) {
    for (const module of more) bundled.add(module);
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const modules = [...chunk.moduleIds, ...more];
      for (const module of modules) bundled.add(module);
      if (!inside && !chunk.isEntry) continue;
      const text = inside ? thirdPartyNotices(modules) : NOTICE;
      appendFileSync(single ?? join(dir, chunk.fileName), `\n/*!\n${text.replaceAll('*/', '* /')}*/\n`);
    }
    writeFileSync(file, thirdPartyNotices(bundled));
  },
});
