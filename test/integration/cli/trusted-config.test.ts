import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { modelsAt } from '../models/settings.ts';

const stores = useStores();
const TYPES = {
  entityTypes: {
    Person: {
      attributes: {
        type: 'object',
        properties: { role: { type: 'string' }, age: { type: 'integer' } },
      },
    },
    Project: {},
  },
  factTypes: { WORKS_ON: { attributes: { type: 'object', properties: { share: { type: 'number' } } } } },
};
let fake: FakeOpenAI;
let worker: Awaited<ReturnType<typeof startWorkers>>;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  fake = await startFakeOpenAI();
  folder = await mkdtemp(join(tmpdir(), 'memory-types-'));
  const configFile = join(folder, 'memory.config.json');
  await writeFile(configFile, JSON.stringify(TYPES));
  const config = { ...stores.config, ...modelsAt(fake), configFile };
  worker = await startWorkers(config, ['store']);
  environment = {
    ...environmentOf(config),
    MEMORY_GROUP: newGroup(),
    MEMORY_MODELS: 'openai',
    OPENAI_BASE_URL: fake.url,
  };
  await runCommand(
    ['store', 'Mira [Person role="lead" age=30] WORKS_ON{share=0.5} Harbor [Project]: Mira works on Harbor'],
    environment,
  );
});
afterAll(async () => {
  await worker.close();
  await fake.close();
  await rm(folder, { recursive: true, force: true });
});

const data = async (...args: string[]) => JSON.parse((await runCommand([...args, '--json'], environment)).stdout);

test('entities are listed with the attributes of custom types', async () => {
  expect(await data('entities')).toMatchObject([
    { name: 'Harbor', attributes: {} },
    { name: 'Mira', type: 'Person', attributes: { role: 'lead', age: 30 } },
  ]);
  expect((await data('entities', 'person', '--known-at', '2100-01-01'))[0].attributes).toEqual({
    role: 'lead',
    age: 30,
  });
});

test('queries return entities and facts with the attributes of custom types', async () => {
  const { facts, entities } = await data('query', 'Mira', '--find', 'all');

  expect(facts).toMatchObject([{ fact: 'Mira works on Harbor', attributes: { share: 0.5 } }]);
  expect(entities.find(({ name }: { name: string }) => name === 'Mira').attributes).toEqual({ role: 'lead', age: 30 });
  expect(entities.find(({ name }: { name: string }) => name === 'Harbor').attributes).toEqual({});
});
