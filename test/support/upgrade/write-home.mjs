/**
 * Runs with the library of the previous release against a home that its `up` started: stores the contents of a memory of that release
 * and prints the answers. Only names of that release are used here.
 *
 *     node write-home.mjs <folder of the release> <file with the story>
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const [release = '', file = ''] = process.argv.slice(2);
const { loadConfig, MemoryManager } = await import(pathToFileURL(join(release, 'src', 'index.ts')).href);
const { episodes, later, forgotten, poison, undecided, questions } = JSON.parse(readFileSync(file, 'utf8'));
const memory = new MemoryManager(loadConfig());

const given = ({ content, uuid, referenceTime, saga, metadata }) => ({
  ...{ content, uuid, metadata, ...(saga && { saga }) },
  ...(referenceTime && { referenceTime: new Date(referenceTime) }),
});
async function store(all) {
  const receipts = await memory.enqueueMany(all.map(given));
  for (const receipt of receipts) await memory.ended(receipt, { limit: 300_000 });
}
async function until(state) {
  while (!(await state())) await sleep(50);
}

await store([...episodes, forgotten]);
await memory.ended(await memory.addTriplet({ source: 'Mira', relation: 'LEADS', target: 'Harbor' }));
await memory.forget({ episode: forgotten.uuid });
// Some content is in an archive, and some only in the journal.
const exported = [await memory.export(), await memory.export({ gzip: true })];
await store(later);

// These answers are cached; the answers that the test compares are not.
for (const question of questions) await memory.queryMemory(question, 20);
const answers = {};
for (const question of questions) {
  const { facts } = await memory.search(question, 50, { find: 'facts', cache: false });
  answers[question] = facts.map(({ uuid, fact, validAt, invalidAt }) => ({ uuid, fact, validAt, invalidAt }));
}
const entities = (await memory.getEntities()).map(({ name, uuid }) => ({ name, uuid }));
const texts = {};
for (const { uuid } of [...episodes, ...later]) texts[uuid] = (await memory.episode(uuid)).content;
const saga = (await memory.sagas.show(episodes[0].saga)).episodes.map(({ uuid }) => uuid);

// A dead letter, and a job that was extracted and waits for its decisions.
await memory.enqueue(poison.content, null, { uuid: poison.uuid });
await until(async () => (await memory.counts('store')).failed === 1);
await memory.enqueue(undecided.content, null, {
  uuid: undecided.uuid,
  referenceTime: new Date(undecided.referenceTime),
});
await until(async () => /is busy/.test((await memory.lastFailure('store')) ?? ''));

process.stdout.write(JSON.stringify({ answers, entities, texts, saga, exported, size: await memory.size() }));
await memory.close();
