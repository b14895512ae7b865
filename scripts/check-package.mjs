/**
 * Packs the package and lets two linters read it as a registry and other programs' compilers would. By command only, since the linters
 * bring a compiler of their own and are fetched at their first use.
 *
 *     npm run package
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINTERS = [
  { name: 'publint', version: '0.3.25', args: ['--strict'] },
  // The package holds ES modules only: CommonJS programs import it dynamically.
  { name: '@arethetypeswrong/cli', version: '0.18.5', program: 'attw', args: ['--profile', 'esm-only'] },
];

const folder = mkdtempSync(join(tmpdir(), 'memory-package-'));
try {
  npm(['pack', '--silent', '--pack-destination', folder]);
  const [tarball] = readdirSync(folder);
  for (const { name, version, program = name, args } of LINTERS)
    npm(['exec', '--yes', `--package=${name}@${version}`, '--', program, join(folder, tarball), ...args]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function npm(args) {
  const { status } = spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
