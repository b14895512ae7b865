import { joinMemory, type UnjoinedFolder, unjoinedFolder } from '../agents/joined-folders.ts';
import { type Scope, scopeOf } from '../agents/scope.ts';
import { InvalidInputError } from '../errors.ts';
import { homeFolder } from '../home.ts';
import { assertPrivateHome } from '../private-home.ts';
import type { Command } from './command.ts';
import { count } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager join

Lets this folder use the memory of its git origin, or of the repository that its .git leads to, if
another folder already uses that memory. Until then agents recall nothing here, and their turns
wait on this disk: a copied .git/config must not open a private project's memory. The first folder
of a memory joins without this command, and so do worktrees of a repository that has joined.

  --json  {"group", "repository", "waiting"}: waiting is the number of files that were held

To use another memory here: --group <name> for commands, MEMORY_GROUP for agents.`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    if (call.group !== undefined)
      throw new InvalidInputError('join takes no --group: a folder joins the memory of its repository only.');
    const { scope, unjoined } = lookUp();
    const waiting = unjoined ? joinMemory(homeFolder(process.env), unjoined) : 0;
    if (call.json)
      console.log(JSON.stringify({ group: scope.group, repository: unjoined?.repository ?? null, waiting }));
    else
      console.log(
        unjoined ? joinedSentence(unjoined, waiting) : `This folder uses the memory "${scope.group}" already.`,
      );
    return 0;
  },
};

function joinedSentence({ group }: UnjoinedFolder, waiting: number): string {
  const held = waiting > 0 ? ` ${count(waiting, 'file')} with turns that waited will be stored.` : '';
  return `This folder uses the memory "${group}" from now on.${held} Restart agents that run here.`;
}

function lookUp(): { readonly scope: Scope; readonly unjoined: UnjoinedFolder | undefined } {
  const home = homeFolder(process.env);
  assertPrivateHome(home);
  const folder = { directory: process.cwd(), environment: process.env };
  const scope = scopeOf(folder);
  return { scope, unjoined: unjoinedFolder({ ...folder, home, scope }) };
}

/** The memory for `--group auto`. @throws InvalidInputError for a folder that has not joined its memory */
export function joinedScope(): Scope {
  const { scope, unjoined } = lookUp();
  if (!unjoined) return scope;
  throw new InvalidInputError(
    `This folder has not joined the memory "${scope.group}", which ${unjoined.others[0]} uses. If it is your project, type \`memory-manager join\`; otherwise name a memory with --group.`,
  );
}

/** The same; on a terminal the user is asked. */
export async function joinedGroup(): Promise<string> {
  const { scope, unjoined } = lookUp();
  if (unjoined && process.stdin.isTTY && process.stderr.isTTY) {
    const { askYesOrNo } = await import('./terminal/ask-user.ts');
    const question = `This folder has not joined the memory "${scope.group}", which ${unjoined.others.join(' and ')} uses. Use it here too?`;
    if (await askYesOrNo(question)) joinMemory(homeFolder(process.env), unjoined);
  }
  return joinedScope().group;
}
