/**
 * Runs every example of the README and the docs as a reader types it, and compares what is printed with what is shown. The data
 * are those of this run alone, and each page has its own group. Pages whose commands need servers begin with `up` and end with `down`.
 *
 *     npm run docs
 *     npm run docs -- README search    # only these pages
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DocsAgents, openAgents } from './docs/agents.ts';
import { type Example, findExamples, matchesOutput } from './docs/examples.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// `up` alone may take two minutes on a busy machine.
const LIMIT = 180_000;
/** How long a session may not show yet what an earlier one left: a worker reads turns after they are stored. */
const REMEMBERS_WITHIN = 60_000;

/** The page whose commands run real agents, in a home of their own. */
const AGENTS_PAGE = 'agents';

const { examples, programs } = chosenExamples();
const folder = mkdtempSync(join(tmpdir(), 'memory-docs-'));
const commands = join(folder, 'bin');
mkdirSync(commands);
// What `npm install -g .` does with the command.
symlinkSync(join(ROOT, 'dist', 'bin', 'main.cjs'), join(commands, 'memory-manager'));
const env = {
  ...process.env,
  PATH: `${commands}${delimiter}${process.env.PATH}`,
  MEMORY_HOME: join(folder, 'home'),
  LC_ALL: 'C.UTF-8',
};

/** Ends this process with a sentence for a page that does not exist. */
function chosenExamples(): ReturnType<typeof findExamples> {
  try {
    return findExamples(ROOT, process.argv.slice(2));
  } catch (error) {
    console.error(`docs: ${(error as Error).message}`);
    process.exit(1);
  }
}

async function run(
  command: string,
  environment: NodeJS.ProcessEnv = { MEMORY_GROUP: 'docs' },
): Promise<{ printed: string; status: number | null }> {
  // Both outputs in one, as a terminal shows them.
  const child = spawn('sh', ['-c', `{ ${command}\n} 2>&1`], {
    cwd: ROOT,
    env: { ...env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT,
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  // Not the end of the output: servers that a command starts may keep it open.
  const [status] = await once(child, 'exit');
  await new Promise((resolve) => setImmediate(resolve));
  return { printed, status: status as number | null };
}

/** What the command prints; an agent's command is repeated until it prints what is shown. */
async function printedBy({ command, host, output, page }: Example, agents: DocsAgents): Promise<string> {
  const began = performance.now();
  for (;;) {
    const { printed } = await run(
      command,
      page === AGENTS_PAGE ? agents.environment : { MEMORY_GROUP: `docs-${page}` },
    );
    const isLast = host === undefined || performance.now() - began > REMEMBERS_WITHIN;
    if (isLast || matchesOutput(output, printed)) return printed;
  }
}

const agents = await openAgents(folder, env.PATH);
const skipped = new Set<string>();
let wrong = 0;
try {
  for (const example of examples) {
    const { place, command, host, output } = example;
    if (host !== undefined && agents.missing.includes(host)) {
      skipped.add(host);
      continue;
    }
    const printed = await printedBy(example, agents);
    if (matchesOutput(output, printed)) continue;
    wrong += 1;
    console.error(`${place}: $ ${command}\n--- shown\n${output.join('\n')}\n--- printed\n${printed}`);
  }
  await run('memory-manager up');
  for (const { place, code } of programs) {
    const file = join(ROOT, 'dist', 'docs-example.ts');
    writeFileSync(file, code);
    const { printed, status } = await run(`"${process.execPath}" "${file}"`);
    rmSync(file);
    if (status === 0) continue;
    wrong += 1;
    console.error(`${place}: the program failed\n${printed}`);
  }
} finally {
  await run('memory-manager down');
  await agents.close();
  rmSync(folder, { recursive: true, force: true });
}
for (const host of skipped)
  console.log(`docs: skipped ${AGENTS_PAGE}: examples with ${host}, which npm run agent-hosts installs`);
console.log(`docs: ${examples.length} commands and ${programs.length} programs run, ${wrong} not as shown`);
process.exitCode = wrong === 0 && examples.length + programs.length > 0 ? 0 : 1;
