import { diff } from '../agents/install/diff.ts';
import { type Agent, displayPath, type Installation, planInstallation } from '../agents/install/install.ts';
import type { FileChange } from '../agents/install/plan.ts';
import { InvalidInputError } from '../errors.ts';
import { AUTO_GROUP } from './auto-group.ts';
import type { Command, CommandCall } from './command.ts';
import { confirmWithUser } from './terminal/ask-user.ts';

const NAMES: Readonly<Record<Agent, string>> = {
  opencode: 'opencode',
  'claude-code': 'Claude Code',
  codex: 'Codex',
  mcp: 'MCP',
};
const AGENTS = Object.keys(NAMES) as Agent[];
const FLAG = { type: 'boolean' } as const;

export const command: Command = {
  help: `memory-manager install opencode | claude-code | codex | mcp

Adds the memory to an agent's configuration: shows the change, asks, and makes the change. Other
settings in the files stay unchanged; a backup copy is kept next to each file.

  opencode     its plugin, in opencode.json or opencode.jsonc, for opencode 1 or OpenCode 2
  claude-code  hooks, in .claude/settings.json, and the command /memory-manager
  codex        hooks, in .codex/hooks.json (Codex asks you to trust them), and the skill $memory
  mcp          the MCP server: printed for any client; with --project in this folder's .mcp.json

  --project    this folder's configuration (default: your own, for all projects); without paths
               of this machine, so that a team can share the file
  --mcp        for opencode, claude-code and codex: also add the MCP server, or print how
  --undo       remove the memory from the configuration
  --dry-run    only show the change
  --yes        do not ask
  --group <name>  one memory for all projects (default: each project has its own)
  --json       {"agent", "made", "files": [{"path", "changed"}], "notes"}

Example: memory-manager install claude-code --project`,
  options: { project: FLAG, mcp: FLAG, undo: FLAG, 'dry-run': FLAG, yes: FLAG },
  arguments: [1, 1],
  // Each project has its own memory unless one is named.
  readsAuto: true,
  run: async (call) => {
    const agent = AGENTS.find((name) => name === call.args[0]);
    if (!agent)
      throw new InvalidInputError(`install supports opencode, claude-code, codex and mcp, not "${call.args[0]}".`);
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
    const isWritten =
      changing.length > 0 &&
      !call.flag('dry-run') &&
      (await confirmWithUser(call, 'Make this change?', 'Nothing was changed', 'to make this change'));
    if (isWritten) plan.make();
    if (call.json) console.log(JSON.stringify({ agent, made: isWritten, files: files(plan), notes: plan.notes }));
    else conclude(call, agent, plan, changing.length > 0, isWritten);
    return changing.length === 0 || isWritten || call.flag('dry-run') ? 0 : 1;
  },
};

async function checkedGroup(group: string | undefined): Promise<string | undefined> {
  return group === undefined || group === AUTO_GROUP ? undefined : (await import('../group.ts')).checkGroup(group);
}

function show({ path, before, after }: FileChange): void {
  const what = before === undefined ? ' (new)' : after === undefined ? ' (removed)' : '';
  console.log(`${displayPath(path, process.cwd())}${what}`);
  for (const line of diff(before ?? '', after ?? '')) console.log(line);
}

function conclude(call: CommandCall, agent: Agent, plan: Installation, changes: boolean, made: boolean): void {
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
