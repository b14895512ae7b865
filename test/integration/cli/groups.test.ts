import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scopeOf } from '../../../src/agents/scope.ts';
import { homeFolder } from '../../../src/home.ts';
import { recordOutcome } from '../../../src/telemetry/agent-outcomes.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { useStores } from '../../support/stores.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let folder: string;
let environment: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-groups-'));
  const { MEMORY_GROUP: _, ...others } = environmentOf(stores.config);
  environment = { ...others, MEMORY_USER_ID: 'mira' };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runCommand(args, environment, '', folder);

test('without memories the list says so', async () => {
  expect(await run('groups')).toMatchObject({ status: 0, stdout: 'There are no memories yet.\n' });
});

test('the list has each memory with its project, size and last episode, and marks that of the folder', async () => {
  const { group } = scopeOf({ directory: folder, environment: {} });
  const CREATE = `CREATE (:Episodic {uuid: 'a', content: 'one', valid_at: '2026-11-21T10:00:00+00:00'}),
     (:Episodic {uuid: 'b', content: 'two', valid_at: '2026-11-22T10:00:00+00:00'}),
     (:Entity {uuid: 'c', name: 'Harbor'})-[:RELATES_TO {uuid: 'd', fact: 'Harbor uses Valkey'}]->(:Entity {uuid: 'e', name: 'Valkey'})`;
  await opened.graphs.group(group).write(CREATE);
  await opened.graphs.group('user_mira').write(`CREATE (:Entity {uuid: 'a', name: 'Mira'})`);
  await opened.graphs.group('notes').write(`CREATE (:Episodic {uuid: 'a', valid_at: '2026-11-01T10:00:00+00:00'})`);
  await opened.graphs.group('foreign').write(`CREATE (:Song {title: 'x'})`);

  const [plain, json] = [await run('groups'), await run('groups', '--json')];

  const project = group.slice('repo_'.length, -'_0123456789abcdef'.length);
  const columns = plain.stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(columns).toEqual([
    ['', 'notes', '1 episode, 0 entities, 0 facts', 'last 2026-11-01'],
    [`* ${group}`, project, '2 episodes, 2 entities, 1 fact', 'last 2026-11-22'],
    ['', 'user_mira', 'yours, in every project', '0 episodes, 1 entity, 0 facts'],
    [''],
  ]);
  expect(JSON.parse(json.stdout)).toEqual([
    {
      group: 'notes',
      project: null,
      isOfFolder: false,
      ...{ episodes: 1, entities: 0, facts: 0 },
      lastEpisode: '2026-11-01T10:00:00+00:00',
    },
    {
      group,
      project,
      isOfFolder: true,
      ...{ episodes: 2, entities: 2, facts: 1 },
      lastEpisode: '2026-11-22T10:00:00+00:00',
    },
    {
      group: 'user_mira',
      project: 'yours, in every project',
      isOfFolder: false,
      ...{ episodes: 0, entities: 1, facts: 0 },
      lastEpisode: null,
    },
  ]);
});

test('`--group auto` selects the memory of the folder in any command', async () => {
  const { group } = scopeOf({ directory: folder, environment: {} });

  const [entities, query] = [
    await run('entities', '--group', 'auto', '--json'),
    await run('query', 'x', '--group=auto', '--json'),
  ];

  expect([entities.status, query.status]).toEqual([0, 0]);
  expect(entities.stdout).toContain('Harbor');
  expect(JSON.parse(query.stdout).group).toBe(group);
});

test('a command without results names the memory of the agents that worked in the folder', async () => {
  const other = mkdtempSync(join(tmpdir(), 'memory-worked-'));
  const { group } = scopeOf({ directory: other, environment: {} });
  const ask = async (...args: string[]) => runCommand(args, environment, '', other);

  expect(await ask('briefing')).toMatchObject({ status: 0, stderr: 'This memory is empty.\n' });

  const worked = { host: 'codex', group, directory: other, work: 'capture', outcome: 'ok' } as const;
  recordOutcome(homeFolder(environment), worked);
  const hint = `The agents of this folder use the memory "${group}"; add --group auto to look there.`;
  expect(await ask('briefing')).toMatchObject({ status: 0, stderr: `This memory is empty. ${hint}\n` });
  expect(await ask('entities')).toMatchObject({ status: 0, stderr: `This memory is empty. ${hint}\n` });
  expect(await ask('query', 'x')).toMatchObject({ stdout: 'Nothing relevant is known.\n', stderr: `${hint}\n` });
  expect(await ask('query', 'x', '--group', 'auto')).toMatchObject({ status: 0, stderr: '' });
});

test('while FalkorDB is down one sentence says so', async () => {
  const away = { ...environment, FALKORDB_PORT: String(wrongServers.nothing()) };

  const groups = await runCommand(['groups'], away, '', folder);

  expect(groups).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^FalkorDB at .* does not answer/),
  });
});
