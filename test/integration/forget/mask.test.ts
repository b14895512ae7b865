import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { allTexts } from '../../support/faults/dump.ts';
import { plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let memory: MemoryManager;
let workers: RunningWorkers;

beforeAll(async () => {
  workers = await startWorkers(stores.config, ['store', 'export'], { languageModel: plainModel() });
  memory = new MemoryManager(stores.config);
});
afterAll(async () => {
  await memory.close();
  await workers.close();
});

/** All that the graph has of texts. Entities that the episode named stay. */
const everything = async (group: string) =>
  JSON.stringify(
    await opened.graphs
      .group(group)
      .read(
        'MATCH (n) WHERE n:Episodic OR n:_Passage OR n:_Statement OR n.metadata <> "" RETURN n.content, n.terms, n.text, n.metadata',
      ),
  );

/** What is read of a memory in any way, with the words of what was forgotten. */
async function readings(group: string, uuid: string): Promise<string[]> {
  const asked = [
    ['query', 'what uses Zircon'],
    ['query', 'Harbor Zircon Quay Kafka', '--as-of', '2025-02-01'],
    ['query', 'Harbor Zircon Quay Kafka', '--find', 'episodes'],
  ];
  const said: string[] = [];
  for (const args of asked) {
    const { stdout } = await runCommand([...args, '--group', group], environmentOf(stores.config));
    said.push(stdout.replaceAll(args[1] ?? '', ''));
  }
  const searched = await memory.search('Harbor uses Zircon', 10, { group });
  const episode = await memory.getEpisode(uuid, { group });
  return [...said, JSON.stringify(searched), JSON.stringify(episode)];
}

test('the sentence of a forgotten fact is removed from the remaining texts, whichever way they are read', async () => {
  const group = newGroup();
  const receipt = await memory.enqueueEpisode(
    'Intro to the boards.\n\nHarbor uses Zircon. Quay uses Kafka.',
    { tools: [{ tool: 'bash', input: 'cat notes', output: 'Harbor uses Zircon\nDock uses Rust' }] },
    { group, referenceTime: new Date('2025-01-10') },
  );
  await memory.waitFor(receipt);
  const { file } = await memory.export({ group });
  const { facts } = await memory.search('Harbor uses Zircon', 10, { group });
  const fact = facts.find((it) => it.fact === 'Harbor uses Zircon')?.uuid ?? '';
  expect((await readings(group, receipt.uuid)).filter((it) => /zircon/i.test(it)).length).toBeGreaterThan(3);

  await memory.forget({ fact }, { group });

  const places = [...(await allTexts(opened.valkey))].filter(([, text]) => /uses zircon/i.test(text));
  expect(places.map(([place]) => place)).toEqual([]);
  const read = await readings(group, receipt.uuid);
  expect(read.filter((it) => /zircon/i.test(it))).toEqual([]);
  // What uses Zircon is not known any more, so that the first question finds nothing.
  expect(read.filter((it) => it.includes('Kafka')).length).toBeGreaterThan(2);
  expect(await everything(group)).not.toMatch(/zircon/i);
  expect(await everything(group)).toContain('Dock uses Rust');

  const restored = async (archive: string) => {
    const copy = newGroup();
    await memory.archives.restore(archive, { group: copy });
    return everything(copy);
  };
  const later = await memory.export({ group });
  for (const archive of [file, later.file]) {
    const copy = await restored(archive);
    expect(copy).not.toMatch(/zircon/i);
    expect(copy).toContain('Quay uses Kafka');
  }
});

test('a different sentence stays, and an episode that has only the forgotten sentence becomes empty', async () => {
  const group = newGroup();
  const only = await memory.enqueueEpisode('Harbor uses Zircon.', undefined, { group });
  const other = await memory.enqueueEpisode('Quay uses Zircon.', undefined, { group });
  for (const receipt of [only, other]) await memory.waitFor(receipt);
  const { facts } = await memory.search('Harbor uses Zircon', 10, { group });

  await memory.forget({ fact: facts.find((it) => it.fact === 'Harbor uses Zircon')?.uuid ?? '' }, { group });

  expect((await memory.getEpisode(only.uuid, { group })).content).toBe('');
  expect((await memory.getEpisode(other.uuid, { group })).content).toBe('Quay uses Zircon.');
});

test('the same sentence is removed from episodes that are no source, and sentences that say more are reported', async () => {
  const group = newGroup();
  const store = async (content: string, output: string) => {
    const tools = [{ tool: 'bash', input: 'cat notes', output }];
    const receipt = await memory.enqueueEpisode(content, { tools }, { group });
    await memory.waitFor(receipt);
    return receipt.uuid;
  };
  await store('Harbor uses Zircon. Quay uses Kafka.', 'fine');
  const same = await store('Dock uses Rust.', 'Harbor uses Zircon\nDock uses Rust');
  const similar = await store('Pier uses Go.', 'Since May Harbor uses Zircon for all of its logs.');
  const { facts } = await memory.search('Harbor uses Zircon', 10, { group });
  const fact = facts.find((it) => it.fact === 'Harbor uses Zircon')?.uuid ?? '';

  const shown = await runCommand(['forget', 'fact', fact, '--dry-run', '--group', group], environmentOf(stores.config));
  const forgotten = await memory.forget({ fact }, { group });

  expect(shown.stdout).toContain('Not changed: 1 episode');
  expect(forgotten.similar.map(({ uuid }) => uuid)).toEqual([similar]);
  expect(forgotten.maskedEpisodes.map(({ uuid }) => uuid)).toContain(same);
  expect(JSON.stringify(await memory.getEpisode(same, { group }))).not.toMatch(/zircon/i);
  expect(JSON.stringify(await memory.getEpisode(similar, { group }))).toContain('for all of its logs');
});
