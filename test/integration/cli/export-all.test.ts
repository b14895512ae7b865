import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GroupExportResult } from '../../../src/memory/exports.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let worker: RunningWorkers;
beforeAll(async () => {
  worker = await startWorkers(stores.config, ['store', 'export'], { languageModel: plainModel() });
});
afterAll(() => worker?.close());

const run = (...args: string[]) => runCommand(args, environmentOf(stores.config));

test('export --all writes every memory; one failure is reported and does not stop the others', async () => {
  const [first, second, broken, foreign] = [newGroup(), newGroup(), newGroup(), newGroup()];
  await run('store', 'Harbor uses Redis.', '--group', first);
  await run('store', 'Quay uses Kafka.', '--group', second);
  await opened.graphs.group(foreign).write('CREATE (:Shop {name: "another program\'s"})');

  const whole = await run('export', '--all');
  await opened.graphs.group(broken).write('CREATE (:Entity {uuid: "a"})-[:RELATES_TO]->(:Entity)');
  const partly = await run('export', '--all');
  const data = JSON.parse((await run('export', '--all', '--json')).stdout) as GroupExportResult[];

  expect(whole).toMatchObject({ status: 0, stderr: '' });
  expect(whole.stdout.trim().split('\n').toSorted()).toEqual(
    [first, second]
      .toSorted()
      .map((group) => expect.stringMatching(new RegExp(`^${group}: Exported 1 episode, 2 entities and 1 fact`))),
  );
  expect(partly.status).toBe(1);
  expect(partly.stdout.trim().split('\n')).toHaveLength(2);
  expect(partly.stderr).toMatch(new RegExp(`^${broken}: .* without a uuid.*\\n$`));
  expect(data.map(({ group }) => group)).toEqual([first, second, broken].toSorted());
  expect(data.find(({ group }) => group === broken)).toEqual({ group: broken, failed: expect.stringMatching(/uuid/) });
});

test('export takes --all or a group, not both', async () => {
  expect(await run('export', '--all', '--group', 'harbor')).toMatchObject(
    failedWith(/^Give --all or --group, not both/),
  );
});
