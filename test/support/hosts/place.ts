import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An agent's home and project folders. */
export interface AgentFolders {
  readonly home: string;
  readonly project: string;
  /** A worktree of the project's repository. */
  readonly worktree: string;
  remove(): Promise<void>;
}

/** A home, and a repository with a unique origin, one commit and a worktree. */
export async function makeAgentFolders(): Promise<AgentFolders> {
  const root = await mkdtemp(join(tmpdir(), 'agent-test-'));
  const [home, project, worktree] = [join(root, 'home'), join(root, 'project'), join(root, 'worktree')];
  for (const folder of [home, project]) await mkdir(folder, { recursive: true });
  const who = ['-c', 'user.name=Mira', '-c', 'user.email=mira@example.com'];
  for (const words of [
    ['init', '--quiet'],
    ['remote', 'add', 'origin', `https://git.example.com/${basename(root)}/harbor.git`],
    [...who, 'commit', '--quiet', '--allow-empty', '--message', 'Begin'],
    ['worktree', 'add', '--quiet', worktree],
  ])
    await run('git', words, { cwd: project });
  return { home, project, worktree, remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }) };
}
