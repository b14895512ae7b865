import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInventory } from '../../../src/archive/compare-graph.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { graphName } from '../../../src/group.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { startTranscript, type Transcript } from '../../support/claude-transcript.ts';
import { MAIN, runCommand } from '../../support/command-line.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { KNOWLEDGE, makeStory, seededUuid, uniqueName } from '../../support/faults/story.ts';
import { newGroup } from '../../support/stores.ts';
import {
  isPreviousReleaseThere,
  previousMain,
  previousModel,
  previousRelease,
} from '../../support/upgrade/previous-release.ts';
import { until } from '../../support/wait.ts';

// A home that the previous release wrote, with something in every place where data may lie, is opened by this release. What is
// compared is what a user sees. Whatever is stored in a new place from now on gets a line in `write-home.mjs` or `writeHome`, and a
// test.

const isThere = isPreviousReleaseThere();
if (!isThere)
  process.stdout.write('skipped: the history that holds the previous release is not here (a shallow clone?)\n');

const run = promisify(execFile);
const DIMENSION = 768;
const group = newGroup();
const SAGA = 'a session';
const PROJECT = uniqueName('upgrade', 'project');
const all = makeStory(group, 30, 'upgrade').map((episode, index) => ({
  ...{ ...episode, metadata: { file: `${index}.ts` } },
  ...(index < 5 && { saga: SAGA }),
}));
const story = {
  episodes: all.slice(0, 20),
  later: all.slice(20),
  forgotten: {
    content: `${PROJECT} [Project] HIDES Canary [Issue]: ${PROJECT} hides Canary`,
    uuid: seededUuid(group, 'gone'),
  },
  poison: { content: 'poison', uuid: seededUuid(group, 'poison') },
  undecided: {
    content: `${PROJECT} [Project] RUNS_ON Faraway [Host]: ${PROJECT} runs on Faraway`,
    uuid: seededUuid(group, 'undecided'),
    referenceTime: '2026-01-01T00:00:00.000Z',
  },
  questions: all.filter((_, index) => index % 4 === 0).map(({ ownFact }) => ownFact),
};
/** Handed in while no worker ran, and while Valkey was away. */
const [QUEUED, SPOOLED] = [1, 2].map((number) =>
  Array.from({ length: 3 }, (_, index) => ({
    content: `${PROJECT} [Project] CLOSES Late${number}${index} [Issue]: ${PROJECT} closes Late${number}${index}`,
    uuid: seededUuid(group, 'late', number, index),
  })),
) as [Given[], Given[]];
type Given = { readonly content: string; readonly uuid: string };

/** What the previous release answered; see write-home.mjs. */
interface Answers {
  readonly answers: Record<string, { uuid: string; fact: string; validAt: string | null }[]>;
  readonly entities: { name: string; uuid: string }[];
  readonly texts: Record<string, string>;
  readonly saga: string[];
  readonly exported: { file: string; episodes: number; entities: number; facts: number }[];
  readonly size: { episodes: number; entities: number; facts: number };
}

describe.skipIf(!isThere)('a home of the previous release', () => {
  let folder: string;
  let environment: Record<string, string>;
  let model: FakeOpenAI;
  let transcript: Transcript;
  let before: Answers;
  let config: Config;
  let memory: MemoryManager;
  const closing: (() => unknown)[] = [];

  const command = (main: string, args: string[], more: Record<string, string> = {}, input = '') =>
    runCommand(args, { ...environment, ...more }, input, undefined, main);
  const hook = (main: string, event: string) =>
    command(
      main,
      ['hook', event, '--host', 'claude-code'],
      {},
      JSON.stringify({
        session_id: 's1',
        transcript_path: join(folder, 'session.jsonl'),
        cwd: join(folder, 'project'),
      }),
    );
  /** A worker that takes long to start on a busy machine is tried again. */
  const up = (main: string) =>
    until('what up starts', async () => {
      const { status, stderr } = await command(main, ['up']);
      if (status !== 0 && !/did not start within/.test(stderr)) throw new Error(stderr);
      return status === 0;
    });

  async function writeHome(release: string): Promise<Answers> {
    const main = previousMain(release);
    const old = await oldModel(release);
    environment.OPENAI_BASE_URL = old.url;
    await up(main);
    const script = fileURLToPath(new URL('../../support/upgrade/write-home.mjs', import.meta.url));
    await writeFile(join(folder, 'story.json'), JSON.stringify(story));
    const { PATH = '', HOME = '' } = process.env;
    const { stdout } = await run(process.execPath, [script, release, join(folder, 'story.json')], {
      env: { PATH, HOME, ...environment },
    });

    const { pids } = JSON.parse(await readFile(join(environment.MEMORY_HOME ?? '', 'running.json'), 'utf8'));
    process.kill(pids.worker, 'SIGTERM');
    await until('the end of the worker', () => !isRunning(pids.worker));
    for (const { content, uuid } of QUEUED) await command(main, ['store', content, '--uuid', uuid, '--no-wait']);
    const away = { VALKEY_HOST: '127.0.0.1', VALKEY_PORT: '1' };
    for (const { content, uuid } of SPOOLED) await command(main, ['store', content, '--uuid', uuid, '--no-wait'], away);
    transcript = startTranscript(join(folder, 'session.jsonl'), 's1');
    transcript.user('Where do the logs of Harbor go?');
    transcript.says('Into the attic.');
    await hook(main, 'Stop');
    expect(await command(main, ['down'])).toMatchObject({ status: 0 });
    await old.close();
    return JSON.parse(stdout);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'memory-upgrade-'));
    await mkdir(join(folder, 'project'));
    const home = join(folder, 'home');
    environment = {
      ...{ MEMORY_HOME: home, MEMORY_EXPORT_DIR: join(home, 'exports'), MEMORY_GROUP: group, MEMORY_MODELS: 'openai' },
      ...{ OPENAI_API_KEY: 'sk-test', MEMORY_EMBEDDING_DIM: String(DIMENSION), MEMORY_EXPORT_CRON: 'off' },
      ...{ MEMORY_HEALTH_PORT: '0', NODE_COMPILE_CACHE: join(folder, 'compiled') },
    };
    closing.push(() => command(MAIN, ['down']));
    before = await writeHome(await previousRelease());

    model = await startFakeOpenAI({ knowledge: KNOWLEDGE });
    environment.OPENAI_BASE_URL = model.url;
    await up(MAIN);
    config = loadConfig(environment);
    memory = new MemoryManager(config);
    closing.push(
      () => model.close(),
      () => memory.close(),
    );
    await rest();
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Nothing waits any more but what was given up. */
  async function rest(): Promise<void> {
    await until('an empty spool', () => openSpool(config.home, 10).names().length === 0);
    await until('rest', async () => {
      const { waiting, active, delayed } = await memory.getJobCounts('store');
      return waiting + active + delayed === 0;
    });
  }
  const factsOf = async (question: string, own: { group?: string } = {}) =>
    (await memory.search(question, 50, { find: 'facts', cache: false, ...own })).facts.map(({ fact }) => fact);

  test('finishes all waiting work: in the queue, waiting for a judgement, spooled on disk, and left by a hook', async () => {
    for (const { uuid, content } of [...QUEUED, ...SPOOLED, story.undecided]) {
      expect((await memory.getEpisode(uuid)).content).toBe(content);
      expect(await factsOf(content)).toContain(content.split(': ')[1]);
    }
    const latest = await memory.episodes.list({ limit: 1000 });
    expect(latest.filter(({ content }) => content.includes('Into the attic.'))).toHaveLength(1);
    expect(await readdir(join(config.home, 'spool'))).not.toContainEqual(expect.stringMatching(/\.json$/));
  });

  test('lists a dead letter with its reason, and replays it', async () => {
    const [letter, ...others] = await memory.deadLetters.list();
    expect({ others, id: letter?.id }).toEqual({ others: [], id: story.poison.uuid });
    expect(letter?.reason).toMatch(/declined to answer/);

    expect(await command(MAIN, ['dead-letter', 'replay', '--all'])).toMatchObject({ status: 0 });
    await rest();

    expect(await memory.getJobCounts('store')).toMatchObject({ failed: 0 });
  });

  test('returns every old answer', async () => {
    for (const [question, facts] of Object.entries(before.answers)) {
      const found = (await memory.search(question, 50, { find: 'facts', cache: false })).facts;
      const [asked] = facts.filter(({ fact }) => fact === question);
      expect(found.map(({ uuid, fact }) => ({ uuid, fact }))).toContainEqual({ uuid: asked?.uuid, fact: question });
      for (const { uuid, fact, validAt } of facts) {
        const now = await memory.getFact(uuid);
        expect({ fact: now.fact, validAt: instant(now.validAt) }).toEqual({ fact, validAt: instant(validAt) });
      }
    }
    expect(await memory.getEntities()).toEqual(
      expect.arrayContaining(before.entities.map((entity) => expect.objectContaining(entity))),
    );
    for (const [uuid, text] of Object.entries(before.texts)) expect((await memory.getEpisode(uuid)).content).toBe(text);
    expect((await memory.sagas.get(SAGA)).episodes.map(({ uuid }) => uuid)).toEqual(before.saga);
  });

  test('shows new facts despite answers that the previous release had cached', async () => {
    for (const question of [...story.questions, ...QUEUED.map(({ content }) => content)])
      expect(await memory.queryMemory(question, 20)).toBe(await memory.queryMemory(question, 20, { cache: false }));
  });

  test('keeps forgotten what was forgotten', async () => {
    expect(await factsOf('hides Canary')).not.toContainEqual(expect.stringContaining('Canary'));
    await expect(memory.getEpisode(story.forgotten.uuid)).rejects.toMatchObject({ name: 'InvalidInputError' });
  });

  test('stores a turn that a hook kept once', async () => {
    await hook(MAIN, 'Stop');
    transcript.user('And those of Quay?');
    transcript.says('Into the cellar.');
    await hook(MAIN, 'Stop');
    await until('the new turn', async () =>
      (await memory.episodes.list({ limit: 1000 })).some(({ content }) => content.includes('cellar')),
    );
    await rest();

    const turns = (await memory.episodes.list({ limit: 1000 })).filter(({ content }) => content.includes('attic'));
    expect(turns).toHaveLength(1);
  });

  test('has archives that verify and restore', async () => {
    for (const { file, episodes, entities, facts } of before.exported) {
      const copy = newGroup();
      expect(await memory.archives.verify(file, { restore: true })).toMatchObject({ intact: true });
      expect(await memory.archives.restore(file, { group: copy })).toMatchObject({ episodes, entities, facts });
      for (const question of story.questions.slice(0, 5))
        expect(await factsOf(question, { group: copy })).toContain(question);
    }
  });

  test('has a journal that rebuilds a lost graph', async () => {
    await rest();
    const graphs = openGraphs(config.falkordb);
    const hash = async () => (await readInventory(graphs.group(group), DIMENSION)).hashes.exact;
    const { host, port, password = '' } = config.falkordb;
    const server = new Redis({ host, port, password });
    const wanted = await hash();

    await server.call('GRAPH.DELETE', graphName(group));
    const rebuilt = await memory.archives.rebuild();

    expect(rebuilt).toMatchObject({ complete: true, problems: [] });
    expect(await hash()).toBe(wanted);
    server.disconnect();
    graphs.close();
  });
});

/** It refuses one episode, and is too busy to judge another. */
async function oldModel(release: string): Promise<FakeOpenAI> {
  const start = await previousModel(release);
  return start({
    knowledge: KNOWLEDGE,
    faultOf({ purpose, body }) {
      const asked = JSON.stringify(body);
      if (purpose === 'extract' && /<episode>\\npoison/.test(asked)) return 'refusal';
      return purpose === 'resolve' && asked.includes('Faraway') ? { kind: 'rate-limit', retryAfter: '10' } : undefined;
    },
  });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const instant = (time: string | Date | null): string | null => (time === null ? null : new Date(time).toISOString());
