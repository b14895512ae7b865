/**
 * Runs every example of the README and the docs as a reader types it, and compares what is printed with what is shown. The data
 * are those of this run alone, and each page has a group of its own. Pages whose commands need servers begin with `up` and end with `down`.
 *
 *     npm run docs
 *     npm run docs -- README search    # only these pages
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agrees, findExamples } from './docs/examples.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIMIT = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'memory-docs-'));
const env = { ...process.env, MEMORY_HOME: folder, LC_ALL: 'C.UTF-8' };

function run(command: string, group = 'docs'): { printed: string; status: number | null } {
  // Both outputs in one, as a terminal shows them.
  const { stdout, status } = spawnSync('sh', ['-c', `{ ${command}\n} 2>&1`], {
    cwd: ROOT,
    env: { ...env, MEMORY_GROUP: group },
    encoding: 'utf8',
    timeout: LIMIT,
  });
  return { printed: stdout, status };
}

const { examples, programs } = findExamples(ROOT, process.argv.slice(2));
let wrong = 0;
try {
  for (const { place, page, command, output } of examples) {
    const { printed } = run(command, `docs-${page}`);
    if (agrees(output, printed)) continue;
    wrong += 1;
    console.error(`${place}: $ ${command}\n--- shown\n${output.join('\n')}\n--- printed\n${printed}`);
  }
  run('npx memory-manager up');
  for (const { place, code } of programs) {
    const file = join(ROOT, 'dist', 'docs-example.ts');
    writeFileSync(file, code);
    const { printed, status } = run(`"${process.execPath}" "${file}"`);
    rmSync(file);
    if (status === 0) continue;
    wrong += 1;
    console.error(`${place}: the program failed\n${printed}`);
  }
} finally {
  run('npx memory-manager down');
  rmSync(folder, { recursive: true, force: true });
}
console.log(`docs: ${examples.length} commands and ${programs.length} programs run, ${wrong} not as shown`);
process.exitCode = wrong === 0 && examples.length > 0 ? 0 : 1;
