import { expect, test } from 'vitest';
import { MemoryManager } from '../../../src/index.ts';
import { CALLS } from '../../../src/page/schemas.ts';
import { startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { callPage, useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const page = useServedPage(stores);

test('every reply has the shape that the page expects', async () => {
  await page.memory.waitFor(await page.memory.enqueueEpisode('Quay not a fact.', null, { saga: 'first session' }));
  const [episode = ''] = page.episodes;
  const inputs = {
    ...{ session: {}, groups: {}, now: {}, briefing: {}, deadLetters: {}, episodes: {}, entities: {}, timeline: {} },
    ...{
      archives: {},
      archiveWork: {},
      queueHour: {},
      waitingJobs: {},
      sessions: {},
      turns: { session: 'first session' },
    },
    ...{ spending: { since: new Date().toISOString() }, previewErase: { name: page.memory.config.group } },
    ...{ deadLetter: { id: page.deadLetter, queue: 'store' }, previewPin: { episode, rule: 'Always test.' } },
    suggestions: { typed: 'Harb' },
    ...{ answer: { query: 'Harbor' }, entity: { entity: 'Harbor' }, episode: { episode }, previewForget: { episode } },
  };
  const reads = Object.entries(CALLS).flatMap(([name, { method }]) => (method === 'GET' ? [name] : []));

  expect(Object.keys(inputs).sort()).toEqual(reads.sort());
  for (const [name, input] of Object.entries(inputs)) {
    const { status, body } = await page.get(name, input);
    expect({ name, status, body }).toMatchObject({ status: 200 });
    expect({ name, error: CALLS[name as keyof typeof CALLS].reply.safeParse(body).error }).toMatchObject({
      error: undefined,
    });
  }
});

test('an answer as of a past day has the facts of that day, with their sources', async () => {
  const { body } = await page.get('answer', { query: 'What uses Harbor?', asOf: '2025-02-01T00:00:00Z' });

  const facts = body.facts.map(({ fact }: { fact: string }) => fact);
  expect(facts).toContain('Harbor uses Redis');
  expect(facts).not.toContain('Harbor uses Valkey');
  expect(body.facts[0].sources[0].uuid).toBe(page.episodes[0]);
  expect(body.block).toContain('Harbor uses Redis (2025-01-10 to 2025-03-01; episode ');
});

test('the last delivered briefing is shown with the next one, and removed once something is forgotten', async () => {
  const memory = page.memory;
  const rule = await memory.enqueueEpisode('Always moor at Quay Seven.', null, { kind: 'rule', confirmed: true });
  await memory.waitFor(rule);
  const { text } = await memory.getBriefing({ deliveredTo: { host: 'codex', session: 's1' } });
  const delivered = await until(
    'the briefing delivered',
    async () => (await page.get('briefing')).body.last ?? undefined,
  );

  await memory.forget({ episode: rule.uuid });
  const { body } = await page.get('briefing');

  expect(delivered).toEqual({ host: 'codex', session: 's1', deliveredAt: expect.any(String), text });
  expect(text).toContain('Quay Seven');
  expect(body.last).toBe(null);
  expect(JSON.stringify(body)).not.toContain('Quay Seven');
});

test('an entity has its facts, ended ones included, and the episodes that state them', async () => {
  const { body } = await page.get('entity', { entity: 'harbor' });

  expect(body.entity.name).toBe('Harbor');
  expect(body.facts.map(({ fact, invalidAt }: Record<string, string>) => [fact, invalidAt?.slice(0, 10)])).toEqual(
    expect.arrayContaining([
      ['Harbor uses Redis', '2025-03-01'],
      ['Harbor uses Valkey', undefined],
    ]),
  );
  expect(body.episodes.map(({ uuid }: { uuid: string }) => uuid)).toEqual([...page.episodes].reverse());
  expect(body.mentions).toBe(3);
});

test('a timeline has the facts of all entities or of one, with their replacements and episodes', async () => {
  const all = await page.get('timeline');
  const own = await page.get('timeline', { entity: 'lighthouse' });
  const { facts, count, entity } = all.body;
  const named = (sentence: string) => facts.find(({ fact }: { fact: string }) => fact === sentence);

  expect(entity).toBe(null);
  expect(count).toBe(facts.length);
  expect(named('Harbor uses Redis')).toMatchObject({
    replacedBy: named('Harbor uses Valkey').uuid,
    replacement: 'Harbor uses Valkey',
    sources: [{ uuid: page.episodes[0] }],
    endSources: [{ uuid: page.episodes[1] }],
  });
  expect(own.body.entity.name).toBe('Lighthouse');
  expect(own.body.facts.map(({ fact }: { fact: string }) => fact)).toEqual(['Lighthouse calls Harbor']);
  expect((await page.get('timeline', { entity: 'none' })).status).toBe(404);
});

test('a timeline with more facts than its limit has the latest of its period, and the total number', async () => {
  const last = await page.get('timeline', { limit: '1' });
  const before = await page.get('timeline', { limit: '2', to: '2025-02-01T00:00:00Z' });
  const open = await page.get('timeline', { entity: 'Harbor', limit: '3', from: '2025-03-10T00:00:00Z' });

  const facts = ({ body }: typeof last) => body.facts.map(({ fact }: { fact: string }) => fact).sort();
  expect(facts(last)).toEqual(['Lighthouse calls Harbor']);
  expect(last.body.count).toBeGreaterThan(3);
  expect(facts(before)).toEqual(['Harbor uses Redis', 'Mira leads Harbor']);
  expect(facts(open)).not.toContain('Harbor uses Redis');
});

test('the mentions of an entity are returned in pages, newest first', async () => {
  const first = await page.memory.getMentions('harbor', { limit: 2 });
  const second = await page.memory.getMentions('harbor', { limit: 2, offset: 2 });

  expect([...first.episodes, ...second.episodes].map(({ uuid }) => uuid)).toEqual([...page.episodes].reverse());
  expect(first.count).toBe(3);
  expect(await page.memory.getMentions('nobody')).toEqual({ aliases: [], episodes: [], count: 0 });
});

test('entities are returned in pages, by type and by a part of a name', async () => {
  const first = await page.get('entities', { limit: '2' });
  const second = await page.get('entities', { limit: '2', offset: '2' });
  const ofType = await page.get('entities', { type: 'product' });
  const byName = await page.get('entities', { query: 'lighthouse' });

  const names = [first, second].flatMap(({ body }) => body.entities.map(({ name }: { name: string }) => name));
  expect(first.body.isCut).toBe(true);
  expect(new Set(names).size).toBe(4);
  expect(ofType.body.entities.map(({ type }: { type: string }) => type)).not.toContain('Entity');
  expect(byName.body.entities[0].name).toBe('Lighthouse');
});

test.each([
  ['answer', { query: '' }],
  ['answer', { query: 'x'.repeat(1001) }],
  ['answer', { query: 'Harbor', asOf: 'yesterday' }],
  ['answer', { query: 'Harbor', budget: '1000000' }],
  ['entities', { limit: '100000' }],
  ['entities', { offset: '-1' }],
  ['episodes', { limit: '1.5' }],
  ['spending', { since: '1970-01-01T00:00:00Z' }],
])('%s refuses %j with a sentence that names the field', async (call, query) => {
  const { status, body } = await page.get(call, query);

  expect(status).toBe(400);
  expect(body).toEqual({ code: 'ERR_INVALID_INPUT', message: expect.stringMatching(/^The value of "\w+" cannot/) });
});

test('a missing item is reported in one sentence, not as a server failure', async () => {
  const episode = await page.get('episode', { episode: 'none' });
  const entity = await page.get('entity', { entity: 'none' });
  const call = await page.get('everything');

  expect([episode.status, entity.status, call.status]).toEqual([404, 404, 404]);
  expect(episode.body.message).toContain('none');
});

test('an episode is forgotten after an exact preview', async () => {
  const receipt = await page.memory.enqueueEpisode('Quay stores Rope.');
  await page.memory.waitFor(receipt);
  const preview = await page.get('previewForget', { episode: receipt.uuid });
  const { fingerprint } = preview.body;

  const forgotten = await page.post('forget', { episode: receipt.uuid, fingerprint });

  expect(preview.body.effects.facts.map(({ fact }: { fact: string }) => fact)).toEqual(['Quay stores Rope']);
  expect(forgotten).toEqual({ status: 200, body: { effects: preview.body.effects } });
  expect((await page.get('episode', { episode: receipt.uuid })).status).toBe(404);
});

test('a preview expires when the memory changes, and nothing is forgotten', async () => {
  const receipt = await page.memory.enqueueEpisode('Pier stores Sails.');
  await page.memory.waitFor(receipt);
  const preview = await page.get('previewForget', { episode: receipt.uuid });
  await page.memory.waitFor(await page.memory.enqueueEpisode('Pier stores Sails.'));

  const refused = await page.post('forget', { episode: receipt.uuid, fingerprint: preview.body.fingerprint });

  expect(refused).toMatchObject({ status: 409, body: { code: 'ERR_PREVIEW_OUTDATED' } });
  expect((await page.get('episode', { episode: receipt.uuid })).status).toBe(200);
});

test('an export and a restore test run one at a time, report their outcome to every tab, and verify the archive', async () => {
  const ended = () =>
    until('the end of the work', async () => {
      const { work } = (await page.get('archiveWork')).body;
      return work.state === 'running' ? undefined : work;
    });
  const starts = await Promise.all([
    page.post('startArchiveWork', { kind: 'export' }),
    page.post('startArchiveWork', { kind: 'export' }),
  ]);
  const exported = await ended();
  const before = (await page.get('archives')).body;
  await page.post('startArchiveWork', { kind: 'restoreTest', file: before.archives[0].file });
  const tested = await ended();
  const after = (await page.get('archives')).body;
  await page.post('startArchiveWork', { kind: 'verify', file: 'none.json' });
  const missing = await ended();

  expect(starts.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(exported).toMatchObject({ state: 'done', share: 1, message: expect.stringContaining('Exported to ') });
  expect(before).toMatchObject({ restoreTest: null, archives: [{ verifiedAt: null, restoredAt: null }] });
  expect(tested).toMatchObject({ state: 'done', message: expect.stringContaining('scratch graph') });
  expect(after).toMatchObject({
    restoreTest: { file: before.archives[0].file },
    archives: [{ episodes: expect.any(Number) }],
  });
  expect(after.archives[0].restoredAt).not.toBeNull();
  expect(missing).toMatchObject({ state: 'failed', message: expect.stringContaining('none.json') });
});

test('an unusable archive store is reported in one sentence, and everything else is shown', async () => {
  const memory = new MemoryManager({ ...stores.config, exportDir: '/dev/null/exports' });
  const server = await page.serve({ memory });

  const { status, body } = await callPage(server, 'archives');
  await memory.close();

  expect(status).toBe(200);
  expect(body).toMatchObject({ place: null, problem: expect.stringContaining('/dev/null/exports'), archives: [] });
});

test('a whole memory is erased with its typed name and a valid preview; its archives stay', async () => {
  const group = 'old-project';
  const store = async (content: string) =>
    page.memory.waitFor(await page.memory.enqueueEpisode(content, null, { group }));
  await store('Quay stores Rope.');
  await page.memory.export({ group });
  const early = (await page.get('previewErase', { name: group })).body;
  await store('Quay stores Sails.');
  const { contents, fingerprint } = (await page.get('previewErase', { name: group })).body;

  const outdated = await page.post('erase', { name: group, typed: group, fingerprint: early.fingerprint });
  const mistyped = await page.post('erase', { name: group, typed: 'old', fingerprint });
  const erased = await page.post('erase', { name: group, typed: group, fingerprint });

  expect(outdated).toMatchObject({ status: 409, body: { code: 'ERR_PREVIEW_OUTDATED' } });
  expect(mistyped).toMatchObject({ status: 409, body: { code: 'ERR_WRONG_NAME' } });
  expect(contents).toMatchObject({ episodes: 2, facts: 2, archives: { count: 1, place: stores.config.exportDir } });
  expect(erased.body.contents).toMatchObject({ episodes: 2, facts: 2, archives: { count: 1, isRecorded: true } });
  expect((await page.get('groups')).body.groups.map(({ group: name }: { group: string }) => name)).not.toContain(group);
  expect((await page.get('previewErase', { name: 'never-was' })).status).toBe(404);
});

test('a session is shown turn by turn with masked secrets, facts and cost, which adds up to the cost of the day', async () => {
  const since = new Date().toISOString();
  const turn = { kind: 'turn', host: 'opencode', session: 'ses/1', message: 'm1' };
  const options = { saga: 'ses/1' };
  for (const content of [
    'Quay uses Hooks. [redacted:password] [redacted:password] [private] priced',
    'Quay uses Bollards.',
  ])
    await page.memory.waitFor(await page.memory.enqueueEpisode(content, turn, options));

  const { turns, total } = (await page.get('turns', { session: 'ses/1' })).body;
  const rest = (await page.get('turns', { session: 'ses/1', offset: '1' })).body;
  const { sessions } = (await page.get('sessions')).body;
  const spending = (await page.get('spending', { since })).body;
  const now = (await page.get('now')).body;
  const episode = (await page.get('episode', { episode: turns[0].uuid })).body;

  expect(total).toBe(2);
  expect(turns).toMatchObject([
    {
      redactions: [
        { kind: 'password', count: 2 },
        { kind: 'private part', count: 1 },
      ],
      facts: [{ fact: 'Quay uses Hooks' }],
      cost: { tokens: 1100, dollars: 0.00056 },
    },
    { redactions: [], facts: [{ fact: 'Quay uses Bollards' }], cost: { tokens: 0, dollars: 0 } },
  ]);
  expect(rest).toMatchObject({ total: 2, turns: [{ uuid: turns[1].uuid }] });
  expect(sessions).toContainEqual(expect.objectContaining({ name: 'ses/1', episodes: 2 }));
  expect(spending).toMatchObject({ episodes: 2, cost: { tokens: 1100, dollars: 0.00056 } });
  // Without MEMORY_BUDGET too: all workers, for whatever memory, upkeep included.
  expect(now.spentToday).toBeGreaterThanOrEqual(0.00056);
  expect(now.dailyLimit).toBe(null);
  expect(episode).toMatchObject({ session: 'ses/1', redactions: turns[0].redactions, use: [{ dollars: 0.00056 }] });
});

test('a sentence becomes a rule after a preview, which expires when the rules change', async () => {
  const store = async (content: string, kind?: 'rule') => {
    const receipt = await page.memory.enqueueEpisode(content, null, kind ? { kind } : {});
    await page.memory.waitFor(receipt);
    return receipt.uuid;
  };
  const rules = async () => (await page.memory.getBriefing({ cache: false })).rules.map(({ text }) => text);
  const episode = await store('We met on Monday. Releases are made on Tuesdays.');
  const proposed = await store('Always sign commits.', 'rule');
  const rule = 'Releases are made on Tuesdays.';
  const preview = async () => (await page.get('previewPin', { episode, rule })).body;
  const early = await preview();

  const choice = (await page.get('previewPin', { episode })).body;
  const pending = (await page.get('previewPin', { episode: proposed })).body;
  const confirmed = await page.post('pin', { episode: proposed, rule: pending.rule, fingerprint: pending.fingerprint });
  const outdated = await page.post('pin', { episode, rule, fingerprint: early.fingerprint });
  const pinned = await page.post('pin', { episode, rule, fingerprint: (await preview()).fingerprint });

  expect(choice).toMatchObject({
    state: 'text',
    rule: null,
    suggestions: ['We met on Monday.', rule],
    preselected: 'We met on Monday.',
  });
  expect(pending).toMatchObject({ state: 'pending', rule: 'Always sign commits.' });
  expect(confirmed.body).toEqual({ episode: proposed, isInForce: true });
  expect(outdated).toMatchObject({ status: 409, body: { code: 'ERR_PREVIEW_OUTDATED' } });
  expect(pinned.body).toMatchObject({ isInForce: true });
  expect(await rules()).toEqual([rule, 'Always sign commits.']);
  expect((await page.get('previewPin', { episode: pinned.body.episode })).body.state).toBe('inForce');
});

test('the sentence that is filled in begins like a rule and holds; an outdated one is never filled in', async () => {
  const store = async (content: string, day: string) => {
    const receipt = await page.memory.enqueueEpisode(content, null, { referenceTime: new Date(day) });
    await page.memory.waitFor(receipt);
    return receipt.uuid;
  };
  const mixed = await store(
    'Gantry listens on port 8080. Gantry was written by Ines. Rule: review Gantry in pairs.',
    '2025-01-10',
  );
  const plain = await store('Gantry listens on port 8080. Gantry was written by Ines.', '2025-01-11');
  const old = await store('Gantry listens on port 8080.', '2025-01-12');
  await store('Gantry listens on port 9090 now.', '2025-03-01');
  const choice = async (episode: string) => (await page.get('previewPin', { episode })).body;

  const outdated = ['Gantry listens on port 8080.'];
  expect(await choice(mixed)).toMatchObject({ outdated, preselected: 'Rule: review Gantry in pairs.' });
  expect(await choice(plain)).toMatchObject({ outdated, preselected: 'Gantry was written by Ines.' });
  expect(await choice(old)).toMatchObject({ outdated, suggestions: outdated, preselected: null });
});

test('a rule pinned several times is queued once, and again after it was forgotten', async () => {
  const receipt = await page.memory.enqueueEpisode('Deploys are made by Mira.', null);
  await page.memory.waitFor(receipt);
  const rule = 'Deploys are made by Mira.';
  const input = { episode: receipt.uuid, rule };
  const config = { ...stores.config, queuePrefix: 'idle' };
  const idle = new MemoryManager(config);
  const server = await page.serve({ memory: idle });
  const { fingerprint } = (await page.get('previewPin', input)).body;
  const pin = () =>
    callPage(server, 'pin', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...input, fingerprint }),
    });

  const [first, second] = (await Promise.all([pin(), pin()])).map(({ body }) => body);
  const third = (await pin()).body;
  const { waiting } = await idle.getJobCounts('store');
  const workers = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
  const state = async () => (await page.get('previewPin', { episode: first.episode })).body.state;
  await until('the rule in force', async () => (await state()) === 'inForce');
  await workers.close();
  await idle.close();
  await page.memory.forget({ episode: first.episode });
  const again = (await page.post('pin', { ...input, fingerprint })).body;

  expect(waiting).toBe(1);
  // Answered without waiting for the worker.
  expect(first).toEqual({ episode: expect.any(String), isInForce: false });
  expect([second, third]).toEqual([first, first]);
  expect(again).toMatchObject({ isInForce: true });
  expect((await page.memory.getEpisode(again.episode)).content).toBe(rule);
});

test('the jobs of the last hour are counted and timed', async () => {
  const { minutes } = (await page.get('queueHour')).body;
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);

  expect(minutes).toHaveLength(60);
  expect(sum(minutes.map(({ completed }: { completed: number }) => completed))).toBeGreaterThan(page.episodes.length);
  expect(sum(minutes.map(({ failed }: { failed: number }) => failed))).toBe(1);
  const measured = minutes.filter(({ medianMs }: { medianMs: number | null }) => medianMs !== null);
  expect(measured.length).toBeGreaterThan(0);
  for (const { medianMs, slowestMs } of measured) expect(slowestMs).toBeGreaterThanOrEqual(medianMs);
});

test('a failed job is shown with its payload, its failures and their kind', async () => {
  const { body } = await page.get('deadLetter', { id: page.deadLetter, queue: 'store' });
  const unknown = await page.get('deadLetter', { id: 'none', queue: 'store' });
  const episode = await page.get('episode', { episode: page.deadLetter });

  expect(body.letter).toMatchObject({
    id: page.deadLetter,
    error: 'UnusableReplyError',
    reason: 'The model gave no reply.',
  });
  expect(JSON.parse(body.payload)).toMatchObject({ content: 'poison' });
  expect(body.details.length).toBeGreaterThan(0);
  expect(episode.body.waits).toEqual({ isFailed: true, reason: 'The model gave no reply.' });
  expect(unknown).toMatchObject({ status: 404, body: { message: expect.stringContaining('none') } });
});

test('a failed job is listed with its reason, replayed, and dropped', async () => {
  const job = { id: page.deadLetter, queue: 'store' };
  const before = await page.get('deadLetters');

  const replayed = await page.post('replay', job);
  await page.memory.waitFor({ queue: 'store', jobId: page.deadLetter }).catch(() => {});
  const dropped = await page.post('drop', job);
  const after = await page.get('deadLetters');

  expect(before.body.letters).toMatchObject([{ id: page.deadLetter, reason: 'The model gave no reply.' }]);
  expect([replayed.body, dropped.body]).toEqual([{ jobs: 1 }, { jobs: 1 }]);
  expect(after.body.letters).toEqual([]);
});
