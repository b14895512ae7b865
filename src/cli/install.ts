import { createInterface } from 'node:readline/promises';
import { diff } from '../agents/install/diff.ts';
import { type Agent, type Installation, planInstallation, shownPath } from '../agents/install/install.ts';
import type { FileChange } from '../agents/install/plan.ts';
import { InvalidInputError } from '../errors.ts';
import type { Call, Command } from './command.ts';

const AGENTS: readonly Agent[] = ['opencode', 'claude-code', 'mcp'];
const NAMES: Readonly<Record<Agent, string>> = { opencode: 'opencode', 'claude-code': 'Claude Code', mcp: 'MCP' };
const FLAG = { type: 'boolean' } as const;

export const command: Command = {
  help: `memory-manager install opencode | claude-code | mcp

Adds the memory to an agent's configuration: shows the change, asks, and makes the change. Other
settings in the files stay unchanged; a backup copy is kept next to each file.

  opencode     its plugin, in opencode.json or opencode.jsonc
  claude-code  hooks, in .claude/settings.json
  mcp          the MCP server, in this folder's .mcp.json, or printed for any client

  --project    this folder's configuration (default: your own, for all projects)
  --mcp        for opencode and claude-code: also add the MCP server
  --undo       remove the memory from the configuration
  --dry-run    only show the change
  --yes        do not ask
  --group <name>  one memory for all (default: each project has its own)
  --json       {"agent", "made", "files": [{"path", "changed"}], "notes"}

Example: memory-manager install claude-code --project`,
  options: { project: FLAG, mcp: FLAG, undo: FLAG, 'dry-run': FLAG, yes: FLAG },
  arguments: [1, 1],
  run: async (call) => {
    const agent = AGENTS.find((name) => name === call.args[0]);
    if (!agent) throw new InvalidInputError(`install supports opencode, claude-code and mcp, not "${call.args[0]}".`);
    const plan = planInstallation({
      agent,
      project: call.flag('project'),
      undo: call.flag('undo'),
      mcp: call.flag('mcp'),
      group: await checkedGroup(call.group),
      directory: process.cwd(),
      script: process.argv[1] ?? '',
      environment: process.env,
    });
    const changing = plan.changes.filter(({ before, after }) => before !== after);
    if (!call.json) for (const change of changing) show(change);
    const made = changing.length > 0 && !call.flag('dry-run') && (await isWanted(call));
    if (made) plan.make();
    if (call.json) console.log(JSON.stringify({ agent, made, files: files(plan), notes: plan.notes }));
    else conclude(call, agent, plan, changing.length > 0, made);
    return changing.length === 0 || made || call.flag('dry-run') ? 0 : 1;
  },
};

async function checkedGroup(group: string | undefined): Promise<string | undefined> {
  return group === undefined ? undefined : (await import('../group.ts')).checkGroup(group);
}

function show({ path, before, after }: FileChange): void {
  const what = before === undefined ? ' (new)' : after === undefined ? ' (removed)' : '';
  console.log(`${shownPath(path, process.cwd())}${what}`);
  for (const line of diff(before ?? '', after ?? '')) console.log(line);
}

async function isWanted(call: Call): Promise<boolean> {
  if (call.flag('yes')) return true;
  if (!process.stdin.isTTY || call.json) {
    console.error('Nothing was changed; add --yes to make this change.');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Make this change? [y/N] ');
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  console.error('Nothing was changed.');
  return false;
}

function conclude(call: Call, agent: Agent, plan: Installation, changes: boolean, made: boolean): void {
  const name = NAMES[agent];
  if (made) {
    const again = ['install', ...call.args, ...(call.flag('project') ? ['--project'] : [])].join(' ');
    if (call.flag('undo')) console.log(`${name}: removed.`);
    else console.log(`${name}: done; takes effect with the next session. Undo: memory-manager ${again} --undo`);
  } else if (!changes && plan.changes.length > 0)
    console.log(call.flag('undo') ? `${name}: not installed.` : `${name}: already installed.`);
  for (const note of plan.notes) console.log(note);
}

const files = ({ changes }: Installation) =>
  changes.map(({ path, before, after }) => ({ path, changed: before !== after }));
