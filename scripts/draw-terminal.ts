/**
 * Draws docs/terminal.svg, the terminal session of docs/search.md: runs the commands below against servers and a worker of their own and
 * prints what they really answered.
 *
 *     npm run build && node scripts/draw-terminal.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = join(ROOT, 'dist', 'bin', 'main.cjs');

const COMMANDS = [
  ['store', 'Harbor keeps its sessions in Redis 7.', '--reference-time', '2025-01-10'],
  ['store', 'Harbor moved its sessions from Redis 7 to Valkey 8.', '--reference-time', '2025-03-01'],
  ['query', 'Where does Harbor keep its sessions?'],
  ['query', 'Where does Harbor keep its sessions?', '--as-of', '2025-02-01'],
  ['history', 'Redis 7'],
];

const COLUMNS = 110;
const LINE = 20;
const TOP = 62;

const home = mkdtempSync(join(tmpdir(), 'memory-terminal-'));
const env = { ...process.env, MEMORY_HOME: home, MEMORY_MODELS: 'local', MEMORY_HEALTH_PORT: '0' };

function run(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args[0]} failed: ${stderr}`);
  return stdout.trimEnd();
}

const lines: { readonly text: string; readonly isCommand: boolean }[] = [];
try {
  run(['up']);
  for (const args of COMMANDS) {
    const quoted = args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ');
    lines.push(...wrapped(`$ memory-manager ${quoted}`).map((text) => ({ text, isCommand: true })));
    const answer = run(args).split('\n').flatMap(wrapped);
    lines.push(...answer.map((text) => ({ text, isCommand: false })), { text: '', isCommand: false });
  }
} finally {
  run(['down']);
  rmSync(home, { recursive: true, force: true });
}
writeFileSync(join(ROOT, 'docs', 'terminal.svg'), picture());

/** A line in pieces that fit the window, cut between words. */
function wrapped(line: string): string[] {
  if (line.length <= COLUMNS) return [line];
  const cut = line.lastIndexOf(' ', COLUMNS);
  const end = cut > 0 ? cut : COLUMNS;
  return [line.slice(0, end), ...wrapped(`  ${line.slice(end).trimStart()}`)];
}

function picture(): string {
  const shown = lines.slice(0, -1);
  const height = TOP + shown.length * LINE;
  const rows = shown.flatMap(({ text, isCommand }, index) => {
    const y = TOP + index * LINE;
    return text ? `    <text x="24" y="${y}"${isCommand ? ' fill="#8fd3a6"' : ''}>${escaped(text)}</text>` : [];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 ${height}" width="920" height="${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">
  <title>Two notes are stored; queries answer what holds now and what held before; the history shows when the fact ended</title>
  <rect width="920" height="${height}" rx="10" fill="#1b212b"/>
  <g fill="#4a5361"><circle cx="26" cy="22" r="6"/><circle cx="46" cy="22" r="6"/><circle cx="66" cy="22" r="6"/></g>
  <g fill="#d7dce4" xml:space="preserve">
${rows.join('\n')}
  </g>
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
