import { projectNameOf, scopeOf } from '../agents/scope.ts';
import type { GroupOverview } from '../memory/groups.ts';
import { day } from '../time.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { count } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager groups

Lists all memories in FalkorDB: name, project, size, and the date of the last episode. The memory
of this folder's project, which --group auto selects, is marked with a star.

  --json  [{"group", "project", "isOfFolder", "episodes", "entities", "facts", "lastEpisode"}, …]`,
  options: {},
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const { group: own, userGroup } = scopeOf({ directory: process.cwd(), environment: process.env });
      const rows = (await memory.getGroups()).map(({ nodes, ...overview }) => ({
        ...overview,
        project: projectOf(overview.group, userGroup),
        isOfFolder: overview.group === own,
      }));
      if (call.json) console.log(JSON.stringify(rows));
      else console.log(rows.length > 0 ? lines(rows).join('\n') : 'There are no memories yet.');
      return 0;
    }),
};

type Row = Omit<GroupOverview, 'nodes'> & { readonly project: string | null; readonly isOfFolder: boolean };

const projectOf = (group: string, userGroup: string): string | null =>
  group === userGroup ? 'yours, in every project' : (projectNameOf(group) ?? null);

function lines(rows: readonly Row[]): string[] {
  const columns = rows.map(({ isOfFolder, group, project, lastEpisode, ...size }) => [
    `${isOfFolder ? '*' : ' '} ${group}`,
    project ?? '',
    `${count(size.episodes, 'episode')}, ${count(size.entities, 'entity', 'entities')}, ${count(size.facts, 'fact')}`,
    lastEpisode ? `last ${day(lastEpisode)}` : '',
  ]);
  const widths = columns[0]?.map((_, index) => Math.max(...columns.map((row) => row[index]?.length ?? 0))) ?? [];
  return columns.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
