import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readBriefing } from '../../../src/memory/briefing.ts';
import { openServices, type Services } from '../../../src/memory/services.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { allTexts } from '../../support/faults/dump.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let memory: MemoryManager;
let services: Services;
let workers: RunningWorkers;
let group: string;

beforeAll(async () => {
  memory = new MemoryManager(stores.config);
  services = openServices(stores.config, {});
  workers = await startWorkers(stores.config, ['store']);
});
afterAll(async () => {
  await workers?.close();
  await services?.close();
  await memory?.close();
});
beforeEach(() => {
  group = newGroup();
});

async function store(content: string): Promise<string> {
  const receipt = await memory.enqueueEpisode(content, {}, { group, kind: 'rule', confirmed: true });
  await memory.waitFor(receipt);
  return receipt.uuid;
}

const deliver = () => memory.getBriefing({ group, deliveredTo: { host: 'codex', session: 's1' } });
const last = () => memory.getLastBriefing({ group });
const isDelivered = () => until('the briefing delivered', async () => (await last()) ?? undefined);
const placesOf = async (word: string) =>
  [...(await allTexts(opened.valkey))].filter(([, text]) => text.includes(word)).map(([place]) => place);

test('the last briefing delivered to an agent is recorded with its host, session and time, and survives commits', async () => {
  expect(await last()).toBe(null);
  await store('Always use pnpm, never npm.');
  const before = Date.now();

  const { text } = await deliver();
  const first = await isDelivered();
  await store('Never push to main.');

  expect(text).toContain('pnpm');
  expect(first).toEqual({ host: 'codex', session: 's1', deliveredAt: expect.any(Date), text });
  expect(first.deliveredAt.getTime()).toBeGreaterThanOrEqual(before);
  expect(await last()).toEqual(first);
});

test('a hook records the briefing of its session, although its process ends at once', async () => {
  await store('Always use pnpm, never npm.');
  const event = JSON.stringify({ session_id: 's2', cwd: stores.config.home, source: 'startup' });

  const outputs: string[] = [];
  const start = async () => {
    const command = ['hook', 'SessionStart', '--host', 'claude-code', '--group', group];
    outputs.push((await runCommand(command, environmentOf(stores.config), event)).stdout);
  };

  // On a busy machine a hook leaves out what comes too late, and delivers nothing.
  const delivered = await until('the briefing delivered', async () => {
    await start();
    return (await last()) ?? undefined;
  });

  expect(delivered).toMatchObject({ host: 'claude-code', session: 's2' });
  expect(outputs.map((output) => output && JSON.parse(output).hookSpecificOutput?.additionalContext)).toContainEqual(
    expect.stringContaining(delivered.text),
  );
});

test('a briefing that was only read, or read without the cache, is not recorded as delivered', async () => {
  await store('Always use pnpm, never npm.');
  await memory.getBriefing({ group });
  await memory.getBriefing({ group, cache: false, deliveredTo: { host: 'codex' } });
  await deliver();

  expect(await isDelivered()).toMatchObject({ session: 's1' });
});

describe('the last briefing contains nothing that was forgotten', () => {
  test('when its episode is forgotten', async () => {
    const uuid = await store('Always use Toldword, never npm.');
    await store('Never push to main.');
    await deliver();
    await isDelivered();
    expect((await placesOf('Toldword')).join()).toContain(':told');

    await memory.forget({ episode: uuid }, { group });

    expect(await placesOf('Toldword')).toEqual([]);
    expect(await last()).toBe(null);
  });

  test('when it is read before the forgetting and delivered after it', async () => {
    const uuid = await store('Always use Lateword, never npm.');
    const { sections, recordDelivery } = await readBriefing(services, group);
    expect(JSON.stringify(sections)).toContain('Lateword');

    await memory.forget({ episode: uuid }, { group });
    recordDelivery('Always use Lateword', { host: 'codex' });
    // On the same connection, so that the note has been answered before this.
    await readBriefing(services, group);

    expect(await placesOf('Lateword')).toEqual([]);
    expect(await last()).toBe(null);
  });

  test('when secrets are redacted', async () => {
    await store('Always use Plainword, never npm.');
    await deliver();
    await isDelivered();

    await memory.redact({ group });

    expect(await last()).toBe(null);
  });

  test('when the memory is erased', async () => {
    await store('Always use Erasedword, never npm.');
    await deliver();
    await isDelivered();

    await memory.forgetGroup(group);

    expect(await placesOf('Erasedword')).toEqual([]);
    expect(await opened.valkey.keys(`*{${group}}:told`)).toEqual([]);
  });
});
