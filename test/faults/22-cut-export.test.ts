import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportGraph } from '../../src/archive/export.ts';
import { b2Store } from '../../src/archive/stores/b2/b2-store.ts';
import { chooseStore } from '../../src/archive/stores/choose.ts';
import type { CallPolicy } from '../../src/archive/stores/remote-calls.ts';
import { MemoryManager } from '../../src/memory.ts';
import { MINUTE, SECOND } from '../../src/time.ts';
import type { Fault } from '../support/fake-b2/faults.ts';
import { type FakeB2, startFakeB2 } from '../support/fake-b2/index.ts';
import { acceptedIncompleteArchives, b2Config, b2Environment, fillGraph } from '../support/faults/archive.ts';
import { repetitions } from '../support/faults/count.ts';
import { record } from '../support/faults/results.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';
import { newGroup } from '../support/stores.ts';
import { until } from '../support/wait.ts';

const testbed = useTestbed({}, { takeover: 'later' });
const cuts = repetitions({ full: 20, small: 5 });
const kills = repetitions({ full: 20, small: 1 });
const PART = 20_000;
/** For the stores under test: a short limit only for silent servers, since an answering server may be slow. */
const QUICK: Partial<CallPolicy> = { firstPauseMs: 1 };
const IMPATIENT: Partial<CallPolicy> = { firstPauseMs: 1, callMs: SECOND, silenceMs: SECOND };
const policyFor = ({ kind }: Partial<Fault>) => (kind === 'silence' ? IMPATIENT : QUICK);

let b2: FakeB2;
beforeAll(async () => {
  b2 = await startFakeB2({ minimumPart: PART });
});
afterAll(() => b2.close());

/** A non-empty memory with a prefix of its own in the bucket. */
async function filled(things: number) {
  const { memory: _, ...scenario } = testbed.scenario();
  const { group } = scenario.config;
  const graph = testbed.graphs.group(group);
  await fillGraph(graph, things);
  const config = { ...scenario.config, ...b2Config(b2, group) };
  return { ...scenario, config, group, graph, memory: new MemoryManager(config) };
}

test(`22. a B2 export cut at ${cuts} random bytes leaves no archive; the next export succeeds and the leftovers are removed`, async () => {
  const began = Date.now();
  const { memory, group, graph, config } = await filled(20);
  const chance = random(22);
  const store = b2Store(config.b2, { partSize: PART, policy: policyFor({}) });
  const { file, manifest } = await exportGraph(graph, store, () => {});
  const bytes = (await store.list()).reduce((sum, listed) => sum + listed.bytes, 0);
  for (const name of [file, manifest]) await store.remove(name);

  let leftovers = 0;
  for (let cut = 0; cut < cuts; cut += 1) {
    // The last ones hit the manifest, which is small.
    const place = cut < cuts - 2 ? Math.ceil(chance() * bytes) : bytes - Math.floor(chance() * 500);
    b2.cutAfter(place);
    await expect(exportGraph(graph, store, () => {})).rejects.toMatchObject({ name: 'ArchiveUnavailableError' });
    b2.repair();
    expect({ place, taken: await acceptedIncompleteArchives(memory, group, newGroup()) }).toEqual({ place, taken: [] });
    leftovers += await leftBy(memory, store);
  }
  const { file: last } = await exportGraph(graph, store, () => {});

  expect(leftovers).toBeGreaterThan(0);
  expect(b2.unfinished()).toEqual([]);
  expect(await memory.archives.verify('latest')).toMatchObject({ file: last, intact: true });
  await memory.close();
  record({
    row: 22,
    ran: `an export to B2 cut at ${cuts} random bytes`,
    came: `0 partial archives listed as complete, ${leftovers} leftovers removed, the next export complete`,
    took: Date.now() - began,
    figures: { leftovers },
  });
});

const FAULTS: readonly Fault[] = [
  { kind: 'refuse', status: 500 },
  { kind: 'refuse', status: 503, retryAfter: 0 },
  { kind: 'refuse', status: 401 },
  { kind: 'refuse', status: 408 },
  { kind: 'refuse', status: 429 },
  { kind: 'reset', after: 5_000 },
  { kind: 'lost-answer' },
  { kind: 'silence' },
  { kind: 'slow', ms: 20 },
];
const ALL_CALLS = ['upload_part', 'upload_file', 'start_large_file', 'finish_large_file', 'authorize_account'] as const;
const CALLS = ALL_CALLS.slice(0, repetitions({ full: ALL_CALLS.length, small: 2 }));

test('22. an export survives every temporary B2 failure and ends without an archive when the failure persists', async () => {
  const began = Date.now();
  const { memory, group, graph, config } = await filled(20);
  const isSaid = (fault: Fault, on: Fault['on']) => `${fault.kind} ${'status' in fault ? fault.status : ''} of ${on}`;
  let passed = 0;
  for (const on of CALLS)
    for (const fault of FAULTS) {
      const what = isSaid(fault, on);
      b2.fail({ ...fault, on });
      // A separate store, so that each one has to authorise itself.
      const store = b2Store(config.b2, { partSize: PART, policy: policyFor(fault) });
      const { file, manifest } = await exportGraph(graph, store, () => {}).catch((error) =>
        // Invalid keys also get a 401, which is not retried.
        on === 'authorize_account' && 'status' in fault && fault.status === 401
          ? { file: '', manifest: '' }
          : Promise.reject(error),
      );
      b2.repair();
      if (file === '') continue;
      expect({ what, ...(await memory.archives.verify(file)) }).toMatchObject({ what, intact: true });
      for (const name of [file, manifest, manifest.replace('.manifest', '.verified')]) await store.remove(name);
      passed += 1;
    }
  const lasting = FAULTS.filter(({ kind }) => kind !== 'slow' && kind !== 'lost-answer');
  for (const fault of lasting) {
    b2.fail(...Array<Fault>(30).fill({ ...fault, on: 'upload_part' }));
    const store = b2Store(config.b2, { partSize: PART, policy: policyFor(fault) });
    await expect(exportGraph(graph, store, () => {})).rejects.toThrow(/B2/);
    b2.repair();
    expect({ fault, taken: await acceptedIncompleteArchives(memory, group, newGroup()) }).toEqual({ fault, taken: [] });
  }

  // The id of a large file is unknown when its start was never acknowledged.
  await b2Store(config.b2).sweep(0);
  expect(b2.unfinished()).toEqual([]);
  await memory.close();
  record({
    row: 22,
    ran: `B2 answered with 500, 503, 401, 408, 429, a connection reset, silence or a slow reply: once in each of ${CALLS.length} calls, then in every call`,
    came: `${passed} exports complete after single failures; ${lasting.length} failed after lasting ones and left nothing`,
    took: Date.now() - began,
    figures: { passed },
  });
});

test.concurrent.each(['a folder', 'B2'] as const)(
  `22. workers killed ${kills} times while exporting to %s leave nothing that looks like a complete archive`,
  async (place) => {
    const began = Date.now();
    // More than one part of a B2 upload, which is 8 MB.
    const { group, config: withB2, worker, graph } = await filled(700);
    const config = place === 'B2' ? withB2 : { ...withB2, b2: undefined };
    const memory = new MemoryManager(config);
    const store = await chooseStore(config);
    const more: Record<string, string> = place === 'B2' ? b2Environment(b2, group) : {};
    const chance = random(23);
    await exportGraph(graph, store, () => {});
    const listed = await store.list();
    const [whole, most] = [listed.length, Math.max(...listed.map(({ bytes }) => bytes)) / 2];
    const { falkordb } = await testbed.proxies();
    const slowly = { ...more, FALKORDB_HOST: falkordb.host, FALKORDB_PORT: String(falkordb.port) };

    let leftovers = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const first = await worker(slowly).ready();
      const calls = b2.called('upload_part').length;
      let isHeld = false;
      // The export cannot finish before the kill, however fast the machine is.
      if (place === 'B2') b2.fail({ kind: 'silence', on: 'upload_part' });
      else {
        const bytes = chance() * most;
        falkordb.intercept({
          matches: (message) => isPage(message) && partialBytes(config.exportDir) > bytes,
          async before(): Promise<'drop'> {
            isHeld = true;
            await first.kill();
            return 'drop';
          },
        });
      }
      const exporting = memory.export({ timeoutMs: 10 * MINUTE });
      exporting.catch(() => {});
      await until('the middle of the export', () =>
        place === 'B2' ? b2.called('upload_part').length > calls : isHeld,
      );
      await first.kill();
      b2.repair();
      expect(await store.list()).toHaveLength(whole + 2 * kill);

      const second = await worker(more).ready();
      const { file } = await exporting;
      expect(await memory.archives.verify(file)).toMatchObject({ intact: true });
      await store.remove(file.replace('.json', '.verified.json'));
      leftovers += await leftBy(memory, store);
      await second.stop();
    }

    expect((await memory.archives.list()).archives).toHaveLength(1 + kills);
    expect(leftovers).toBe(kills);
    await memory.close();
    record({
      row: 22,
      ran: `${kills} workers killed while they exported to ${place}`,
      came: `0 partial archives listed as complete, ${leftovers} leftovers removed, each export completed by the next worker`,
      took: Date.now() - began,
      figures: { leftovers },
    });
  },
);

/** Removes leftovers like `archive prune`, but of any age; returns their number. */
async function leftBy(memory: MemoryManager, store: Awaited<ReturnType<typeof chooseStore>>): Promise<number> {
  const { incomplete } = await memory.archives.list();
  for (const name of incomplete) await store.remove(name);
  return incomplete.length + (await store.sweep(0));
}

/** The size of the largest partial file. */
function partialBytes(folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith('.partial'));
  return Math.max(0, ...names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0));
}

/** Whether a worker asks for a page of an export. */
const isPage = (message: readonly string[]) => message.some((word) => word.includes('AS properties,'));
