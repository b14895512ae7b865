import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ENTRY = fileURLToPath(new URL('../../../src/opencode/plugin.ts', import.meta.url));

/** The plugin as one file, made from the sources as they are now. */
export async function bundlePlugin(): Promise<{ readonly file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'memory-plugin-'));
  const bundle = await rolldown({ input: ENTRY, platform: 'node', external: ['redis', 'pg', 'dd-trace'] });
  const file = join(folder, 'memory.mjs');
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  await mkdir(join(folder, 'plugin'), { recursive: true });
  await copyFile(file, join(folder, 'plugin', 'memory.js'));
  return { file: join(folder, 'plugin', 'memory.js'), remove: () => rm(folder, { recursive: true, force: true }) };
}
