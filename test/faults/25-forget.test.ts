import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { newEpisode } from '../../src/episode.ts';
import { STORE_OPTIONS, toStoreJob } from '../../src/queue/jobs.ts';
import { openSpool } from '../../src/queue/spool/spool.ts';
import { HOUR, MINUTE } from '../../src/time.ts';
import { canonicalLines, differences } from '../support/faults/canonical-graph.ts';
import { repetitions } from '../support/faults/count.ts';
import { allTexts } from '../support/faults/dump.ts';
import { enqueueAll, untilDone, whenReachable } from '../support/faults/enqueue.ts';
import { withQueue } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { KNOWLEDGE, makeStory, type StoryEpisode, seededUuid, uniqueName } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { textOf, type WholeGraph } from '../support/graphiti/whole-graph.ts';

const canaries = repetitions({ full: 200, small: 12 });
const kept = repetitions({ full: 60, small: 12 });
const word = (index: number) => uniqueName('canary', index);
const indexes = Array.from({ length: canaries }, (_, index) => index);

/** Every third is another name of a known entity, every third paraphrases other episodes. */
const known = indexes.flatMap((index) => [
  `same: ${plain('Thing', index)} = ${word(index)}`,
  `repeats: ${plain('Depot', index)} holds it = ${plain('Depot', index)} hides ${word(index)}`,
]);
const testbed = useTestbed({ knowledge: [KNOWLEDGE, ...known].join('\n') });
const closing: Redis[] = [];
afterAll(() => {
  for (const connection of closing) connection.disconnect();
});

function plain(kind: string, index: number): string {
  return `${kind}${uniqueName(kind, index)}`;
}

test(`25. ${canaries} forgotten episodes leave no word anywhere, and facts that other episodes also state remain`, async () => {
  const began = Date.now();
  const { config, memory, worker } = testbed.scenario();
  const { group } = config;
  const twin = `${group}-twin`;
  const running = await worker().ready();
  const valkey = new Redis({ host: testbed.valkey.host, port: testbed.valkey.port });
  const falkordb = new Redis({ host: testbed.falkordb.host, port: testbed.falkordb.port });
  closing.push(valkey, falkordb);

  const unwanted = indexes.map((index) => canaryEpisode(group, index));
  // Enqueued before the other episodes, so that the words and names of the canaries are stored first.
  await whenReachable(() => memory.enqueueEpisodes(unwanted));
  await untilDone(memory, canaries);
  await enqueueAll(memory, wanted(group));
  await enqueueAll(memory, wanted(twin));
  let jobs = canaries + 2 * wanted(group).length;
  await untilDone(memory, jobs);
  await memory.communities.build();
  await memory.sagas.summarize(saga(0));
  for (const index of indexes.slice(0, 5)) await memory.queryMemory(`Who knows ${word(index)}?`);
  const older = await memory.export();
  const unread = await leaveUnread(config, group);

  for (const [index, { uuid }] of unwanted.entries()) {
    if (index % 4 === 0) continue;
    const planned = await memory.forget({ episode: uuid }, { dryRun: true });
    const forgotten = await memory.forget({ episode: uuid });
    expect(forgotten.facts).toEqual(planned.facts);
  }
  for (const index of indexes.filter((it) => it % 4 === 0)) await memory.forget({ session: saga(index) });
  const { outsideGraph: elsewhere } = await memory.forget({ session: `unread ${word(0)}` });
  expect(elsewhere).toMatchObject({ jobs: 1, spooled: 1 });
  expect(unread).toHaveLength(2);
  // Forgotten episodes that are enqueued again are not stored.
  await whenReachable(() => memory.enqueueEpisodes(unwanted));
  jobs = (await memory.getJobCounts('store')).completed;
  const newer = await memory.export();
  const restored = await memory.archives.restore(older.file, { group: `${group}-restored` });

  const left = new Map<string, string[]>();
  const look = (place: string, text: string) => {
    const found = indexes.map(word).filter((it) => text.toLowerCase().includes(it.toLowerCase()));
    if (found.length > 0) left.set(place, found);
  };
  const graph = await testbed.wholeGraph(group);
  look('graph', JSON.stringify(graph));
  look('restored graph', JSON.stringify(await testbed.wholeGraph(`${group}-restored`)));
  for (const [place, text] of await allTexts(valkey)) look(`valkey ${place}`, text);
  for (const [place, text] of await allTexts(falkordb)) look(`falkordb ${place}`, text);
  look('log', running.output());
  look('spool', await folderText(config.home));
  look('new archive', await readFile(join(config.exportDir, newer.file), 'utf8'));
  look('note beside the archives', await readFile(join(config.exportDir, `forgotten_${group}.json`), 'utf8'));
  for (const index of indexes) {
    const found = await memory.search(word(index), 10, { cache: false });
    look(`answer for ${index}`, JSON.stringify(found));
  }
  expect(Object.fromEntries(left)).toEqual({});
  expect(await readFile(join(config.exportDir, older.file), 'utf8')).toContain(word(0));
  expect(restored.leftOut).toBeGreaterThanOrEqual(canaries);
  const never = linesOf(await testbed.wholeGraph(twin));
  expect(never.length).toBeGreaterThan(5 * kept);
  expect(differences(never, linesOf(graph))).toEqual([]);

  const rebuilt = await memory.archives.rebuild({ file: older.file, replace: true });
  expect(rebuilt).toMatchObject({ complete: true, problems: [] });
  expect(differences(never, linesOf(await testbed.wholeGraph(group)))).toEqual([]);

  record({
    row: 25,
    ran: `${canaries} episodes, each with a unique word in text, names, other words, metadata or session, forgotten by episode and by session, among ${wanted(group).length} others`,
    came: '0 words left in graph, indexes, Valkey, FalkorDB, spool, log, new archive, restored older archive; the graph equals that of a memory that never stored them',
    took: Date.now() - began,
    figures: { canaries, leaks: left.size },
  });
});

const saga = (index: number) => (index % 4 === 0 ? `Session of ${word(index)}` : 'shared session');

/** Uses its word differently each time, next to a statement that other episodes also make. */
function canaryEpisode(group: string, index: number) {
  const [secret, thing, depot] = [word(index), plain('Thing', index), plain('Depot', index)];
  const project = uniqueName('story', 'project');
  const lines = [
    [`${project} [Project] KEEPS ${secret} [Secret]: ${project} keeps ${secret}`],
    [`${secret} [Thing] SERVES ${project} [Project]: ${secret} serves ${project}`],
    [`${depot} [Depot] HIDES ${thing} [Thing]: ${depot} hides ${secret}`, `Nobody else says ${secret}.`],
    [`${depot} [Depot] RUNS_ON ${secret} [Host]: ${depot} runs on ${secret}`],
  ];
  return {
    group,
    uuid: seededUuid(group, 'canary', index),
    content: (lines[index % lines.length] ?? []).join('\n'),
    metadata: { note: secret },
    saga: saga(index),
    // Last, so that it ends a statement of other episodes.
    referenceTime: new Date(Date.UTC(2025, index % 4 === 3 ? 3 : 0, 1) + index * MINUTE),
  };
}

/** The remaining episodes: a story, and for every canary a statement without the canary word. */
function wanted(group: string): StoryEpisode[] {
  const others = indexes.flatMap((index): StoryEpisode[] => {
    const [thing, depot] = [plain('Thing', index), plain('Depot', index)];
    const served = `${thing} [Thing] SERVES ${uniqueName('story', 'project')} [Project]`;
    const [statement, ownFact] = (
      [
        [served, `${thing} serves well`],
        [served, `${thing} serves well`],
        [`${depot} [Depot] HOLDS ${thing} [Thing]`, `${depot} holds it`],
        [`${depot} [Depot] RUNS_ON ${plain('Host', index)} [Host]`, `${depot} runs there`],
      ] as const
    )[index % 4] ?? ['', ''];
    return [
      {
        ...{ group, ownFact, uuid: seededUuid(group, 'other', index) },
        content: `${statement}: ${ownFact}`,
        saga: 'shared session',
        referenceTime: new Date(Date.UTC(2025, 1, 1) + index * MINUTE),
      },
    ];
  });
  return [...makeStory(group, kept), ...others];
}

/** Two episodes that no worker has read: one is delayed by an hour, one was set aside on disk. */
async function leaveUnread(config: Parameters<typeof withQueue>[0], group: string): Promise<string[]> {
  const episodes = ['queue', 'disk'].map((place) =>
    newEpisode(`In the ${place}: ${word(0)}.`, { session: `unread ${word(0)}` }, group, 1000, {
      uuid: seededUuid(group, place),
    }),
  );
  const [queued, spooled] = episodes;
  if (!queued || !spooled) throw new Error('There are two.');
  await withQueue(config, (queue) =>
    queue.add('store', toStoreJob(queued), { ...STORE_OPTIONS, jobId: queued.uuid, delay: HOUR }),
  );
  const spool = openSpool(config.home, 100);
  spool.storeUnreadable([{ episode: spooled, hasCallerId: true, carrier: {} }]);
  return episodes.map(({ uuid }) => uuid);
}

async function folderText(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((it) => it.isFile() && !it.parentPath.includes('exports'))
    .map((it) => readFile(join(it.parentPath, it.name), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

/** Communities are built on request only, and a note of what was removed stays. */
function linesOf(graph: WholeGraph): string[] {
  const isLeft = (it: WholeGraph['nodes'][number]) =>
    !it.labels.includes('Community') && !textOf(it, 'key').startsWith('community:') && textOf(it, 'removed_at') === '';
  return canonicalLines({
    ...graph,
    nodes: graph.nodes.filter(isLeft),
    edges: graph.edges.filter(({ type }) => type !== 'HAS_MEMBER'),
  });
}
