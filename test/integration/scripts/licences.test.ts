import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FALKORDB_PACKAGE, findBinaries, VALKEY_PACKAGES } from '../../../src/embedded/binaries.ts';
import { withLibraries } from '../../../src/embedded/libraries.ts';
import { DEFAULT_MODEL } from '../../../src/models/transformers/embedder.ts';

// docs/licences.md against what an install brings, what src/embedded downloads, and what the build bundles.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const file = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const page = file('docs/licences.md');
const chapter = (title: string) => page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';

/** The names in backquotes in the first column of a chapter's tables, each with the licence beside it. */
function listed(title: string): Map<string, string> {
  const rows = [...chapter(title).matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)];
  return new Map(
    rows.flatMap(([, names = '', licence = '']) =>
      [...names.matchAll(/`(.+?)`/g)].map(([, name = '']) => [name, licence]),
    ),
  );
}

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly devOptional?: boolean;
}

/** The packages of an install without development tools, as far as this machine has them: their folder, name and licence. */
const installed = Object.entries(
  (JSON.parse(file('package-lock.json')) as { packages: Record<string, LockedPackage> }).packages,
)
  .filter(([folder, { dev, peer, devOptional }]) => folder !== '' && !dev && !peer && !devOptional)
  .filter(([folder]) => existsSync(join(ROOT, folder)))
  .map(([folder, { license }]) => ({ folder, name: folder.replace(/^.*node_modules\//, ''), license }));

const PICTURE_OR_TEST = /\.(?:png|ico|gz)$|(?:^|\/)test\//;

/** Whether one of the package's own files is a program, a library or weights: text has no zero byte. */
function hasBinary(folder: string): boolean {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files
    .map(({ parentPath, name }) => relative(join(ROOT, folder), join(parentPath, name)))
    .filter((path) => !path.includes('node_modules') && !PICTURE_OR_TEST.test(path))
    .some((path) => startOf(join(ROOT, folder, path)).includes(0));
}

function startOf(path: string): Buffer {
  const opened = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(4096);
    return buffer.subarray(0, readSync(opened, buffer));
  } finally {
    closeSync(opened);
  }
}

test('every installed package with a program, compiled code or weights is listed, with the licence it declares', () => {
  const tables = new Map(
    ['Programs', 'Weights and word lists', 'Packages with compiled code'].flatMap((title) => [...listed(title)]),
  );
  const binaries = installed.filter(({ folder }) => hasBinary(folder));

  expect(binaries.map(({ name }) => name)).toContain(FALKORDB_PACKAGE);
  expect(binaries.map(({ name }) => name).filter((name) => !tables.has(name))).toEqual([]);
  for (const { name, license = '' } of binaries.filter(({ name }) => name !== FALKORDB_PACKAGE))
    expect({ name, licence: tables.get(name)?.toLowerCase() }).toEqual({
      name,
      licence: expect.stringContaining(license.toLowerCase().replace(/[()]/g, '')),
    });
});

test('every package, image and model that is downloaded later is listed', () => {
  const images = [
    ...file('docker-compose.yml').matchAll(/^\s*image: ([\w./-]+):/gm),
    ...file('Dockerfile').matchAll(/^FROM ([\w./-]+):/gm),
  ].map(([, image = '']) => image);
  const [, encoder = ''] = /^const PACKAGES = \['([\w-]+)'/m.exec(file('scripts/encoder/install.mjs')) ?? [];
  const downloaded = [FALKORDB_PACKAGE, ...VALKEY_PACKAGES, ...images, DEFAULT_MODEL, encoder];

  expect(images.length).toBeGreaterThan(2);
  expect(downloaded.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test.skipIf(process.platform !== 'linux')('every library that the servers load is listed', async () => {
  const { server, module, libraryPath } = await findBinaries();
  const printed = execFileSync('ldd', [server, module], {
    encoding: 'utf8',
    env: withLibraries(process.env, libraryPath),
  });
  // The C library is on every system on which Node runs.
  const libraries = [...printed.matchAll(/^\s*(lib[\w+-]+)\.so[.\d]* =>/gm)]
    .map(([, name = '']) => name)
    .filter((name) => !/^lib(?:c|m|dl|pthread|rt)$/.test(name));
  const known = listed('Programs');

  expect(libraries).toContain('libgomp');
  expect(libraries.filter((name) => !known.has(name))).toEqual([]);
});

test('exactly the packages inside the bundles are listed, each under its licence', () => {
  const notices = [...file('dist/THIRD-PARTY-NOTICES.txt').matchAll(/^-{80}\n(\S+) \S+ \((.+)\)$/gm)];
  const bundled = new Map(notices.map(([, name = '', licence = '']) => [name, licence]));
  const rows = [...chapter('Libraries inside the bundles').matchAll(/^\| ([\w.-]+) \| (`.+`) \|$/gm)].flatMap(
    ([, licence = '', names = '']) => [...names.matchAll(/`(.+?)`/g)].map(([, name = '']) => [name, licence] as const),
  );

  expect(bundled.size).toBeGreaterThan(20);
  expect(rows.toSorted()).toEqual([...bundled].toSorted());
});

test.each(['dist/bin/main.cjs', 'dist/opencode.js', 'dist/page.html', 'dist/THIRD-PARTY-NOTICES.txt'])(
  '%s contains the notice of this project',
  (bundle) => {
    expect(file(bundle)).toContain(file('NOTICE'));
  },
);

test('every installed package has a licence that the page names', () => {
  const names = (license: string) => license.split(/[()]| OR | AND /).filter((name) => name.trim() !== '');
  const unnamed = installed.filter(
    ({ license = 'none' }) => !names(license).some((name) => chapter('Libraries inside the bundles').includes(name)),
  );

  expect(installed.length).toBeGreaterThan(100);
  expect(unnamed).toEqual([]);
});
