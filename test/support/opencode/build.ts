import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

declare module 'vitest' {
  interface ProvidedContext {
    /** The package folder as users get it, built from the current sources. */
    readonly built: string;
  }
}

/** Builds once for all files of a run, outside the project's `dist`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'memory-package-'));
  const tool = (name: string, ...args: string[]) =>
    run(process.execPath, [join(ROOT, 'node_modules', '.bin', name), ...args], { cwd: folder });
  await copyFile(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await tool('tsc', '-p', join(ROOT, 'tsconfig.build.json'), '--noCheck', '--outDir', join(folder, 'dist'));
  await tool('rolldown', '-c', join(ROOT, 'rolldown.config.mjs'), '--log-level', 'warn');
  project.provide('built', folder);
  return () => rm(folder, { recursive: true, force: true });
}
