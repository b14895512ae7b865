/**
 * Draws docs/page/*.png, the screens of `memory-manager ui` in both themes: fills a memory on servers of its own, and takes what Chromium shows.
 *
 *     npm run build && node scripts/draw-page.ts [screen…]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { startServers } from '../src/embedded/servers.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { loadConfig, MemoryManager, UnusableReplyError } from '../src/index.ts';
import { loadLanguageModel } from '../src/models/providers.ts';
import { servePage } from '../src/page/serve.ts';
import { MINUTE } from '../src/time.ts';
import { startWorkers } from '../workers/main.ts';
import { findChromium, openBrowser } from './chromium.ts';
import { PROJECT } from './demo/project.ts';

const PICTURES = fileURLToPath(new URL('../docs/page', import.meta.url));
const SIZE = { width: 1180, height: 780 };
const NARROW = { width: 360, height: 720 };

/** The same at each drawing, since the page shows it. */
const ARCHIVES = join(tmpdir(), 'harbor', 'exports');

/** The screens to draw; none for all. */
const WANTED = process.argv.slice(2);
const isWanted = ({ name }: { readonly name: string }) => WANTED.length === 0 || WANTED.includes(name);

const WAIT = { timeoutMs: 10 * MINUTE };

const date = (day: string) => new Date(`${day}T09:00:00Z`);
const FACTS = [
  ['Harbor', 'KEEPS_SESSIONS_IN', 'Redis 7', 'Harbor keeps its sessions in Redis 7.', '2025-01-10', '2025-03-01'],
  ['Harbor', 'KEEPS_SESSIONS_IN', 'Valkey 8', 'Harbor keeps its sessions in Valkey 8.', '2025-03-01'],
  ['Mira Okafor', 'WORKS_ON', 'Harbor', 'Mira Okafor works on Harbor as backend engineer.', '2025-01-10'],
  ['Ines Aalto', 'LEADS', 'Lighthouse', 'Ines Aalto leads Lighthouse.', '2025-03-20'],
  ['Lighthouse', 'TALKS_TO', 'Harbor', 'Lighthouse talks to Harbor over gRPC.', '2025-03-20'],
  ['Harbor', 'RUNS_IN', 'Bremen', 'Harbor runs in the data centre of Bremen.', '2025-02-03', '2025-09-15'],
  ['Harbor', 'RUNS_IN', 'Kiel', 'Harbor runs in the data centre of Kiel.', '2025-09-15'],
  ['Jonas Brandt', 'ON_CALL_FOR', 'Harbor', 'Jonas Brandt is on call for Harbor.', '2025-06-01', '2026-10-01'],
  ['Mira Okafor', 'ON_CALL_FOR', 'Harbor', 'Mira Okafor is on call for Harbor.', '2026-10-01'],
  ['Jonas Brandt', 'WORKS_ON', 'Lighthouse', 'Jonas Brandt works on Lighthouse.', '2026-10-01'],
] as const;

const SCREENS: readonly { readonly name: string; readonly open: (page: Page, address: Address) => Promise<unknown> }[] =
  [
    { name: 'now', open: (page) => show(page, '/now', '.figures') },
    {
      name: 'ask',
      open: async (page) => {
        await show(page, '/ask?q=Where does Harbor keep its sessions?', '.rows .row');
        await page.locator('.why summary').first().click();
      },
    },
    {
      name: 'ask-then',
      open: (page) => show(page, '/ask?q=Where does Harbor keep its sessions?&on=2025-02-01', '.rows .row'),
    },
    { name: 'timeline', open: (page) => show(page, '/timeline', '.lines rect') },
    {
      name: 'timeline-then',
      open: (page) => show(page, '/timeline?entity=Harbor&on=2025-08-01', '.lines rect'),
    },
    { name: 'entities', open: (page) => show(page, '/entities', '.rows .row') },
    { name: 'entity', open: (page) => show(page, '/entities/Harbor', '.neighbours') },
    { name: 'episodes', open: (page) => show(page, '/episodes', '.rows .row') },
    { name: 'episode', open: (page, { episode }) => show(page, `/episodes/${episode}`, '.content') },
    {
      name: 'forget',
      open: async (page, { episode }) => {
        await show(page, `/episodes/${episode}`, '.content');
        await page.getByRole('button', { name: 'Show what would be removed' }).click();
        await page.getByRole('button', { name: 'Forget for good' }).scrollIntoViewIfNeeded();
      },
    },
    { name: 'sessions', open: (page) => show(page, '/sessions', '.rows .row') },
    { name: 'session', open: (page) => show(page, `/sessions/${SESSION}`, '.turns .row') },
    {
      name: 'pin',
      open: async (page, { turn }) => {
        await show(page, `/episodes/${turn}`, '.content');
        await page.getByRole('button', { name: 'Make a rule of this text' }).click();
        await page.getByRole('button', { name: 'Show the rule' }).click();
        await page.getByRole('button', { name: 'Pin the rule' }).scrollIntoViewIfNeeded();
      },
    },
    { name: 'queue', open: (page) => show(page, '/queue', '.plot') },
    { name: 'job', open: (page, { failed }) => show(page, `/queue/${failed}`, '.content') },
    { name: 'archives', open: (page) => show(page, '/archives', '.rows .row') },
    { name: 'memories', open: (page) => show(page, '/memories', 'tbody tr') },
    {
      name: 'erase',
      open: async (page) => {
        await show(page, '/memories/harbor', '.preview-and-confirm');
        await page.getByRole('button', { name: 'Show what would be erased' }).click();
        await page.getByLabel('Type harbor').fill('harbor');
      },
    },
  ];

interface Address {
  readonly origin: string;
  readonly token: string;
  /** Uuids: a note, a turn of a session, and the text that no model could read. */
  readonly episode: string;
  readonly turn: string;
  readonly failed: string;
}

let address: Address;

async function show(page: Page, path: string, awaited: string): Promise<void> {
  await page.goto(`${address.origin}${path}#token=${address.token}`);
  await page.locator(awaited).first().waitFor();
  await page.waitForLoadState('load');
}

const SESSION = 'ses_6f21c0';
const TURNS = [
  'user: Why do sessions end after an hour?\n\nassistant: Valkey evicts them: `maxmemory` was 256 MB. I set it to 1 GB with the password [redacted:password].',
  'user: Good. Harbor sessions live for eight hours. Write the limit into docs/harbor.md.\n\nassistant: Done; docs/harbor.md names the limit and the key `session_ttl`.',
];

async function fill(memory: MemoryManager): Promise<Pick<Address, 'episode' | 'turn' | 'failed'>> {
  const receipts = await memory.enqueueEpisodes(PROJECT);
  for (const [source, relation, target, fact, from, until] of FACTS)
    receipts.push(
      await memory.enqueueFact(
        { source, relation, target, fact, validAt: date(from), ...(until && { invalidAt: date(until) }) },
        null,
        { referenceTime: date(from), sourceDescription: 'docs/harbor.md' },
      ),
    );
  for (const receipt of receipts) await memory.waitFor(receipt, WAIT);
  const note = await memory.enqueueEpisode(
    'Ines Aalto works on Tidewater. Tidewater uses Postgres 17.',
    { file: 'docs/tidewater.md' },
    { referenceTime: date('2026-11-20'), sourceDescription: 'docs/tidewater.md' },
  );
  await memory.waitFor(note, WAIT);
  let turn = '';
  for (const [at, content] of TURNS.entries()) {
    const metadata = { kind: 'turn', host: 'opencode', session: SESSION, message: `m${at}` };
    const receipt = await memory.enqueueEpisode(content, metadata, { saga: SESSION });
    await memory.waitFor(receipt, WAIT);
    turn = receipt.uuid;
  }
  const refused = await memory.enqueueEpisode('This text is refused.');
  await memory.waitFor(refused, WAIT).catch(() => {});
  // The page shows the last briefing that an agent got.
  await memory.getBriefing({ deliveredTo: { host: 'opencode', session: SESSION } });
  const { file } = await memory.export(WAIT);
  await memory.archives.verify(file, { restore: true });
  await memory.export(WAIT);
  await backdate(memory);
  return { episode: note.uuid, turn, failed: refused.uuid };
}

/** The page shows stack frames, which would name this machine's folders. */
const withoutFrames = (error: Error): Error => Object.assign(error, { stack: String(error) });

/** As if each fact had been stored on its day: what was known when is what the pictures are to show. */
async function backdate({ config }: MemoryManager): Promise<void> {
  const graphs = openGraphs(config.falkordb);
  const graph = graphs.group(config.group);
  await graph.write('MATCH ()-[e:RELATES_TO]->() SET e.created_at = e.valid_at');
  await graph.write('MATCH ()-[e:RELATES_TO]->() WHERE e.invalid_at IS NOT NULL SET e.expired_at = e.invalid_at');
  graphs.close();
}

async function draw(browser: Browser, theme: 'light' | 'dark'): Promise<void> {
  const context = {
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  } as const;
  const page = await browser.newPage({ ...context, viewport: SIZE });
  page.setDefaultTimeout(5 * MINUTE);
  for (const { name, open } of SCREENS.filter(isWanted)) {
    await open(page, address);
    await page.screenshot({ path: join(PICTURES, `${name}-${theme}.png`) });
  }
  await page.setViewportSize(NARROW);
  if (isWanted({ name: 'narrow' })) {
    await SCREENS[1]?.open(page, address);
    await page.screenshot({ path: join(PICTURES, `narrow-${theme}.png`) });
  }
  await page.close();
}

const addressOf = ({ host, port }: { host: string; port: number }) => ({ host, port, tls: false });

const chromium = await findChromium();
if (typeof chromium === 'string') throw new Error(chromium);
const home = await mkdtemp(join(tmpdir(), 'memory-page-'));
const servers = await startServers();
const config = {
  ...loadConfig({ MEMORY_MODELS: 'local', MEMORY_HOME: home, MEMORY_EXPORT_CRON: 'off' }),
  ...{ valkey: addressOf(servers.valkey), falkordb: addressOf(servers.falkordb), group: 'harbor' },
  health: { host: '127.0.0.1', port: 0 },
  exportDir: ARCHIVES,
};
const model = await loadLanguageModel(config);
const languageModel = {
  ...model,
  extract: async (...given: Parameters<typeof model.extract>) => {
    if (given[0].content.includes('refused'))
      throw withoutFrames(new UnusableReplyError('The model gave no usable answer, even after a repair.'));
    return model.extract(...given);
  },
};
const workers = await startWorkers(config, ['store', 'export', 'scheduler'], { languageModel });
const memory = new MemoryManager(config);
const server = await servePage(memory, { port: 0, isReadOnly: false, version: '', allowedHosts: [] });
const browser = await openBrowser(chromium);
try {
  const filled = await fill(memory);
  const { origin } = new URL(server.url);
  address = { origin, token: server.token, ...filled };
  await mkdir(PICTURES, { recursive: true });
  for (const theme of ['light', 'dark'] as const) await draw(browser, theme);
} finally {
  await browser.close();
  await server.close();
  await memory.close();
  await workers.close();
  await model.close();
  await servers.stop();
  for (const folder of [home, ARCHIVES]) await rm(folder, { recursive: true, force: true });
}
