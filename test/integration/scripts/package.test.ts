import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LINK = /\]\(([^)#\s]+)/g;

interface Packed {
  /** In bytes. */
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** What `npm pack` puts into the package. */
function pack(): Packed {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = Object.values(JSON.parse(printed) as Record<string, Packed>);
  if (!packed) throw new Error('npm packed nothing.');
  return packed;
}

/** Every path in the exports and programs of the package. */
const pathsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [normalize(value)] : Object.values(value ?? {}).flatMap(pathsIn);

const { unpackedSize, files: packedFiles } = pack();
const files = packedFiles.map(({ path }) => path);

test('the package contains what package.json lists, the licences, and nothing that only developers need', () => {
  const { bin, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;

  expect(files).toEqual(expect.arrayContaining([...pathsIn(bin), ...pathsIn(exports)]));
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'dist/THIRD-PARTY-NOTICES.txt']));
  expect(files.filter((path) => /^(?:src|test|bench|scripts|node_modules)\/|\.log$|^\.env$/.test(path))).toEqual([]);
});

/** What the files of a package take on disk, without the packages inside it. */
function sizeOnDisk(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules');
  const sizes = entries.map((entry) =>
    entry.isDirectory()
      ? sizeOnDisk(join(folder, entry.name))
      : lstatSync(join(folder, entry.name)).blocks * BYTES_PER_BLOCK,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
const BYTES_PER_BLOCK = 512;

test('an install for users takes at most 350 MB', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  // Packages for other platforms are in the lock file only.
  const installed = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path]) => join(ROOT, path))
    .filter((folder) => existsSync(folder));
  const sizes = installed.map((folder) => ({ folder, size: sizeOnDisk(folder) })).sort((a, b) => b.size - a.size);
  const total = sizes.reduce((sum, { size }) => sum + size, unpackedSize);

  expect(sizes.length).toBeGreaterThan(100);
  expect(total / 1e6, `the largest: ${JSON.stringify(sizes.slice(0, 5))}`).toBeLessThanOrEqual(350);
});

test('every link between its pages leads to a file of the package', () => {
  const links = files
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(LINK)]
        .filter(([, target = '']) => !/^[a-z]+:/.test(target))
        .map(([, target = '']) => ({ path, target: normalize(join(dirname(path), target)).replace(/\/$/, '') })),
    );
  const dead = links.filter(({ target }) => !files.some((path) => path === target || path.startsWith(`${target}/`)));

  expect(links.length).toBeGreaterThan(50);
  expect(dead).toEqual([]);
});

test('the plugin of opencode in the package loads its part that needs servers', async () => {
  const home = mkdtempSync(join(tmpdir(), 'memory-plugin-'));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });
  const nowhere = { VALKEY_PORT: '1', FALKORDB_PORT: '1', MEMORY_MODELS: 'local', MEMORY_HOME: home };
  for (const [name, value] of Object.entries(nowhere)) vi.stubEnv(name, value);
  const { default: plugin } = await import(pathToFileURL(join(ROOT, 'dist/opencode.js')).href);

  const hooks = await plugin.server({ directory: home }, { group: 'plugin', toolTimeoutMs: 120_000 });
  const answer = await hooks.tool.memory_list.execute({}, { sessionID: 's', messageID: 'm', callID: 'c' });
  await hooks.dispose();

  expect(answer).toMatch(/^memory unavailable: .*does not answer/);
});

test('bundles include the licences of the packages in them', () => {
  const notices = readFileSync(join(ROOT, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  const plugin = readFileSync(join(ROOT, 'dist/opencode.js'), 'utf8');

  for (const name of ['ioredis', 'zod', 'bullmq', '@modelcontextprotocol/server', 'backblaze-b2', 'openai'])
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
  for (const name of ['ioredis', 'zod', 'bullmq'])
    expect(plugin.slice(plugin.lastIndexOf('/*!'))).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
});
