import AxeBuilder from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, openBrowser } from '../../../scripts/chromium.ts';
import type { PageServer } from '../../../src/page/serve.ts';
import { MINUTE } from '../../../src/time.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { HOSTILE } from '../../support/hostile-texts.ts';
import { useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const chromium = await findChromium();

const reason = typeof chromium === 'string' ? ` (skipped: ${chromium})` : '';

describe.skipIf(reason !== '')(`the page in Chromium${reason}`, () => {
  const stores = useStores();
  const served = useServedPage(stores);
  let browser: Browser;
  let page: Page;
  /** What the page should never do: errors, dialogs, refused content, requests to other hosts. */
  let complaints: string[];

  beforeAll(async () => {
    if (typeof chromium !== 'string') browser = await openBrowser(chromium);
  });
  afterAll(() => browser?.close());

  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, reducedMotion: 'reduce' });
    const opened = await context.newPage();
    opened.setDefaultTimeout(2 * MINUTE);
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('dialog', (dialog) => complaints.push(dialog.message()));
    opened.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text());
    });
    opened.on('request', (request) => {
      if (!/^(?:http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) complaints.push(request.url());
    });
    return opened;
  }
  beforeEach(async () => {
    complaints = [];
    page = await newPage();
    return () => page.context().close();
  });

  const open = (path: string, on = page, { url, token }: PageServer = served.server) =>
    on.goto(`${new URL(url).origin}${path}#token=${token}`);
  const seen = (text: string | RegExp, on = page) => on.getByText(text).first().waitFor();

  async function seriousFindings(on: Page, rules?: string[]): Promise<string[]> {
    const builder = new AxeBuilder({ page: on });
    const { violations } = await (rules ? builder.withRules(rules) : builder).analyze();
    return violations.flatMap(({ id, impact, nodes }) =>
      impact === 'serious' || impact === 'critical' ? [`${id}: ${nodes[0]?.html}`] : [],
    );
  }

  async function nothingSerious(): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousFindings(page), colorScheme).toEqual([]);
    }
  }

  async function overflowAt320(on: Page): Promise<number> {
    await on.setViewportSize({ width: 320, height: 800 });
    return on.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  }

  test('Now says in sentences that the memory works, and the token disappears from the address', async () => {
    await open('/');

    await seen(/The memory works: both servers answer, and 1 worker reads new texts/);
    await seen(/1 text could not be read/);
    expect(page.url()).toBe(`${new URL(served.server.url).origin}/now`);
  });

  test('Ask answers with its reasons and sources, and a past date changes the current facts', async () => {
    await open('/now');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('searchbox').fill('What uses Harbor?');
    await page.keyboard.press('Enter');
    await seen('Harbor uses Valkey');
    await page.locator('.why summary').first().click();
    await seen('Stated by');
    await seen(/^(?:meaning|the question’s words|share of the question’s words) \d\.\d\d, /);

    await page.getByLabel('True on').fill('2025-02-01');
    await seen('Harbor uses Redis');

    expect(await page.getByRole('heading', { name: 'Facts true on February 1, 2025' }).count()).toBe(1);
    expect(page.url()).toContain('on=2025-02-01');
    expect(await page.getByText('Harbor uses Valkey', { exact: true }).count()).toBe(0);
  });

  test('an entity in the list leads to its ended facts, its neighbours and its episodes', async () => {
    await open('/entities');
    await page.getByRole('link', { name: 'Harbor', exact: true }).click();
    await page.getByRole('heading', { name: 'Holds now' }).waitFor();

    const former = page.locator('section', { has: page.getByRole('heading', { name: 'At other times' }) });
    expect(await former.getByText('Harbor uses Redis').count()).toBe(1);
    await page.locator('.neighbours').getByRole('link', { name: 'Mira' }).press('Enter');
    await page.getByRole('heading', { name: /^Mira/ }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: /^Harbor/ }).waitFor();
  });

  test('the date line moves by keys, pointer and address, and changes the lists', async () => {
    await open('/now');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    const list = page.locator('section', { has: page.getByRole('heading', { level: 2 }) });
    await list.getByText('Harbor uses Valkey').waitFor();
    const slider = page.getByRole('slider', { name: 'Date' });

    await page.getByLabel('Date', { exact: true }).and(page.locator('input')).fill('2025-02-28');
    await list.getByText('Harbor uses Redis').waitFor();
    expect(await list.getByText('Harbor uses Valkey', { exact: true }).count()).toBe(0);
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('heading', { name: 'True on March 1, 2025' }).waitFor();
    await list.getByText('Harbor uses Valkey', { exact: true }).waitFor();
    await page.waitForURL(/on=2025-03-01/);
    // On a longer time than a pixel can show the line follows the pointer by days.
    const box = await slider.boundingBox();
    const [x, y] = [(box?.x ?? 0) + 10, (box?.y ?? 0) + 10];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 200, y, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => (url.searchParams.get('on') ?? '') > '2025-03-01');

    await open('/timeline?entity=harbor&on=2025-02-01');
    await page.getByRole('heading', { name: 'True on February 1, 2025' }).waitFor();
    await list.getByText('Then: Harbor uses Valkey').waitFor();
    expect(await list.getByText('Lighthouse calls Harbor').count()).toBe(0);
    expect(await page.locator('.lines .replaced').count()).toBe(1);
    await page.locator('.timeline-options select').selectOption('what was known');
    await seen('The memory knew none of these facts by then.');
    // The end was learned later, so neither the picture nor the table has the end or the successor.
    await page.locator('.lines .replaced').waitFor({ state: 'detached' });
    await page.getByText('All as a table').click();
    const row = (successor: string) => page.getByRole('row', { name: new RegExp(`^Harbor uses Redis.*${successor}`) });
    await page.getByRole('row', { name: /^Harbor uses Redis/ }).waitFor();
    expect(await row('Harbor uses Valkey').count()).toBe(0);
    await page.locator('.timeline-options select').selectOption('what was true');
    await row('Harbor uses Valkey').waitFor();
    expect(await page.locator('.lines .replaced').count()).toBe(1);
  });

  test('a timeline is zoomed and moved by keys, buttons and wheel, and an unknown name gets a message', async () => {
    await open('/timeline');
    const shown = async () => {
      const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
      return Date.parse(to ?? '') - Date.parse(from ?? '');
    };
    const lines = page.getByRole('group', { name: /as bars/ });
    await lines.focus();
    await page.keyboard.press('+');
    await page.waitForURL(/from=/);
    const once = await shown();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await until('half the time', async () => Math.abs((await shown()) / once - 0.5) < 0.01);
    const box = await lines.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 600, (box?.y ?? 0) + 40);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    await until('less than half the time', async () => (await shown()) < once * 0.49);
    const before = new URL(page.url()).searchParams.get('from') ?? '';
    await lines.focus();
    await page.keyboard.press('ArrowLeft');
    await until('an earlier time', async () => (new URL(page.url()).searchParams.get('from') ?? '') < before);
    await page.keyboard.press('0');
    await page.waitForURL((url) => !url.searchParams.has('from'));

    await open('/timeline?entity=Harb');
    await seen('No entity is called “Harb”.');
    expect(complaints).toEqual([]);
  });

  test('an episode is forgotten in two steps, and the preview focuses the button that keeps it', async () => {
    const receipt = await served.memory.enqueueEpisode('Jetty stores Anchors.');
    await served.memory.waitFor(receipt);
    await open('/episodes');
    await page.getByRole('link', { name: 'Jetty stores Anchors.' }).click();
    await page.getByRole('button', { name: 'Show what would be removed' }).click();
    await page.locator('.preview .goes').getByText('Jetty stores Anchors.').waitFor();
    await page.locator('.preview li').getByText('Jetty stores Anchors').waitFor();
    expect(await page.locator(':focus').textContent()).toBe('Keep it');
    await nothingSerious();

    await page.getByRole('button', { name: 'Forget for good' }).click();
    await page.getByRole('heading', { name: 'Episodes' }).waitFor();

    await until('the list without it', async () => (await page.getByText('Jetty stores Anchors').count()) === 0);
    expect((await served.get('episode', { episode: receipt.uuid })).status).toBe(404);
  });

  test('someone on call finds out why a job failed, is asked before it is dropped, and replays it', async () => {
    await open('/now');
    await page.getByRole('link', { name: '1 Failed' }).click();
    await seen(/\d+ jobs? done, 1 failed/);
    await page.getByRole('link', { name: 'poison' }).click();
    await seen('The model could not read this text, or refuses it.');
    await page.getByLabel('The failures, oldest first').getByText('UnusableReplyError').waitFor();
    await page.getByLabel('The payload').getByText('"content": "poison"').waitFor();
    await page.getByRole('button', { name: 'Drop…' }).click();
    await page.getByRole('button', { name: 'Keep it' }).click();

    await page.getByRole('button', { name: 'Replay' }).click();

    await page.getByRole('heading', { name: 'Queue', exact: true }).waitFor();
    // It fails once more, and the news bring it back.
    await until('the same job failed again', async () => {
      const { body } = await served.get('deadLetters');
      return body.letters.length === 1 && body.store.active + body.store.waiting === 0;
    });
    await seen('The model gave no reply.');
  });

  test('an export and a restore test end with a verified archive, in two tabs and after a server restart', async () => {
    const { hostname, port } = new URL(served.server.url);
    const proxy = await startProxy({ host: hostname, port: Number(port) }, 'bytes');
    await open('/archives', page, { ...served.server, url: `http://127.0.0.1:${proxy.port}/` });
    await seen('There are no archives of this memory.');
    await seen('No archive of this memory has passed a restore test yet.');
    await seen('Press “Export now” first. “Test the restore” is then beside the new archive.');
    const second = await page.context().newPage();
    second.setDefaultTimeout(2 * MINUTE);
    await second.goto(page.url());
    await second.getByRole('button', { name: 'Export now' }).waitFor();

    proxy.blackHole();
    proxy.cut();
    proxy.switchTo({ host: hostname, port: 1 });
    await seen('does not answer. The page connects again');
    await seen('There are no archives of this memory.');
    proxy.switchTo({ host: hostname, port: Number(port) });
    await page.getByRole('status').getByText('does not answer').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Export now' }).click();
    await seen(/^Exported to graphiti_export_/);
    await page.getByRole('button', { name: /^Test the restore of/ }).click();

    for (const tab of [page, second]) {
      await seen(/is intact\. It was restored into a scratch graph/, tab);
      await seen(/^restore test passed/, tab);
    }
    await proxy.close();
  });

  test('on plain http and with full storage, successful actions are reported as done', async () => {
    await page.addInitScript(`
      delete Crypto.prototype.randomUUID;
      Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
    `);
    const stored = await served.memory.enqueueEpisode('Jetty stores Buoys.');
    await served.memory.waitFor(stored);
    const failing = await served.memory.enqueueEpisode('poison for good');
    await served.memory.waitFor(failing).catch(() => {});

    await open(`/episodes/${stored.uuid}`);
    await page.getByRole('button', { name: 'Show what would be removed' }).click();
    await page.getByRole('button', { name: 'Forget for good' }).click();
    await seen('Forgotten for good:');
    await open(`/queue/${failing.jobId}`);
    await page.getByRole('button', { name: 'Replay' }).click();
    await seen('The job was put back into the queue.');
    await until('the same job failed again', async () => {
      const { body } = await served.get('deadLetters');
      return body.store.active + body.store.waiting === 0;
    });
    await open(`/queue/${failing.jobId}`);
    await page.getByRole('button', { name: 'Drop…' }).click();
    await page.getByRole('button', { name: 'Drop for good' }).click();
    await seen('The job was dropped.');

    expect(complaints).toEqual([]);
  });

  test('a memory is erased after its name is typed, with a receipt', async () => {
    const group = 'finished-project';
    await served.memory.waitFor(await served.memory.enqueueEpisode('Jetty stores Anchors.', null, { group }));
    await open('/memories');
    await page.getByRole('link', { name: `Erase the memory ${group}` }).click();
    await page.getByRole('button', { name: 'Show what would be erased' }).click();
    await seen(/^Would be erased: 1 episode, 2 entities and 1 fact/);
    const erase = page.getByRole('button', { name: 'Erase for good' });
    expect(await erase.isDisabled()).toBe(true);

    await page.keyboard.type(group);
    await nothingSerious();
    await erase.click();

    await seen(`Erased: the memory “${group}”, with 1 episode, 2 entities and 1 fact.`);
    await page.getByRole('link', { name: 'All memories' }).click();
    await page.getByRole('link', { name: `Erase the memory ${served.memory.config.group}` }).waitFor();
    expect(await page.getByText(group).count()).toBe(0);
  });

  test('a session shows what was masked and what each turn added, and one of its sentences becomes a rule', async () => {
    const turn = { kind: 'turn', host: 'opencode', session: 'evening', message: 'm1' };
    const content = 'user: Quay uses Hooks. The key is [redacted:aws-key]. priced';
    await served.memory.waitFor(await served.memory.enqueueEpisode(content, turn, { saga: 'evening' }));
    await open('/now');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('link', { name: 'Quay uses Hooks' }).click();
    await seen('Hidden before it was stored: 1 × aws-key.');
    await seen('Reading cost 1,100 tokens ($0.00056).');
    await page.locator('.row time').first().click();
    await page.getByRole('button', { name: 'Make a rule of this text' }).click();
    await page.getByLabel('The rule, in at most').fill('Hooks are painted green.');
    await nothingSerious();
    await page.getByRole('button', { name: 'Show the rule' }).click();
    await seen('Every new session would begin with:');
    await nothingSerious();

    await page.getByRole('button', { name: 'Pin the rule' }).click();

    await seen(/^New sessions begin with this rule/);
    await open('/now');
    await page.getByLabel('The briefing').getByText('Hooks are painted green.').waitFor();
  });

  test('hostile texts are shown as text and have no effect', async () => {
    const group = 'hostile';
    const saga = '../"><img src=x onerror=alert(1)> \u202e%2f';
    const texts = [
      ...HOSTILE.filter((text) => !text.includes('\0')),
      '<img src=x onerror=alert(1)>',
      `${'x'.repeat(900_000)}`,
    ];
    const receipts = await served.memory.enqueueEpisodes(
      texts.map((content) => ({
        ...{ content: `Berth <script>alert(1)</script> ${content}`, group, saga },
        sourceDescription: content.slice(0, 500),
      })),
    );
    for (const receipt of receipts) await served.memory.waitFor(receipt);
    const poison = await served.memory.enqueueEpisode('poison <img src=x onerror=alert(1)>', null, { group });
    await served.memory.waitFor(poison).catch(() => {});

    await open(`/queue/${poison.jobId}?memory=${group}`);
    await seen(/poison <img/);
    await open(`/sessions?memory=${group}`);
    await page.locator('.row a').first().click();
    await page.locator('.turns .row').nth(15).waitFor();
    expect(await overflowAt320(page)).toBe(0);
    await open(`/episodes?memory=${group}`);
    await page.locator('.row').nth(20).waitFor();
    expect(await overflowAt320(page)).toBe(0);
    expect(await page.locator('main img, main script, main iframe').count()).toBe(0);
    for (const { uuid } of [receipts.at(-1), receipts.at(-2), receipts[0]].flatMap((receipt) => receipt ?? [])) {
      await open(`/episodes/${uuid}?memory=${group}`);
      await seen('Berth <script>alert(1)</script>');
      expect(await overflowAt320(page)).toBe(0);
    }
    await open(`/timeline?memory=${group}`);
    await page.locator('.lines .label').first().waitFor();
    expect(await overflowAt320(page)).toBe(0);
    expect(await page.locator('main img, main script').count()).toBe(0);
    await open(`/ask?q=berth&memory=${group}`);
    await page.locator('.row').first().waitFor();

    expect(complaints).toEqual([]);
    expect(await page.locator('main img, main script').count()).toBe(0);
  });

  test('a wrong token locks the page, which says what to do', async () => {
    await page.goto(`${new URL(served.server.url).origin}/now#token=wrong`);

    await page.getByRole('heading', { name: 'This page is locked' }).waitFor();
    expect(await page.locator('#page').textContent()).not.toContain('Harbor');
  });

  test('a second tab gets the token from the first', async () => {
    await open('/now');
    await seen(/The memory works/);
    const second = await page.context().newPage();
    second.setDefaultTimeout(2 * MINUTE);

    await second.goto(`${new URL(served.server.url).origin}/entities`);

    await second.getByRole('link', { name: 'Harbor', exact: true }).waitFor();
  });

  test('a server that is down is reported, and the page continues when it is back', async () => {
    const { hostname, port } = new URL(served.server.url);
    const first = await startProxy({ host: hostname, port: Number(port) }, 'bytes');
    await open('/entities', page, { ...served.server, url: `http://127.0.0.1:${first.port}/` });
    await page.getByRole('link', { name: 'Harbor', exact: true }).waitFor();

    first.blackHole();
    first.cut();
    first.switchTo({ host: hostname, port: 1 });
    await page.getByRole('status').getByText('does not answer').waitFor();
    expect(await page.getByRole('link', { name: 'Harbor', exact: true }).count()).toBe(1);
    first.switchTo({ host: hostname, port: Number(port) });

    await page.getByRole('status').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Harbor', exact: true }).click();
    await page.getByRole('heading', { name: 'Holds now' }).waitFor();
    await first.close();
  });

  test('a read-only page offers no changes', async () => {
    const server = await served.serve({ isReadOnly: true });

    await open(`/episodes/${served.episodes[0]}`, page, server);

    const changes = () => page.locator('main button:not(.chip)').count();
    await seen('This page was started with --read-only.');
    expect(await changes()).toBe(0);
    for (const path of ['/archives', `/memories/${served.memory.config.group}`]) {
      await open(path, page, server);
      await seen('This page was started with --read-only.');
      expect(await changes()).toBe(0);
    }
    await open('/queue', page, server);
    await page.locator('.row').first().waitFor();
    expect(await changes()).toBe(0);
  });

  test('ten thousand entities come in pages', async () => {
    await served.memory.waitFor(await served.memory.enqueueEpisode('Harbor uses Many.'));
    const { openGraphs } = await import('../../../src/graph/graphs.ts');
    const graphs = openGraphs(stores.config.falkordb);
    const group = 'many-entities';
    await graphs.group(group).write(
      `UNWIND range(1, 10000) AS n
       CREATE (:Entity {uuid: 'many-' + toString(n), name: 'Thing ' + toString(n), group_id: $group, summary: '', created_at: '2025-01-01T00:00:00+00:00'})`,
      { group },
    );
    graphs.close();

    await open(`/entities?memory=${group}`);
    await page.getByText('1 – 60').waitFor();
    await page.getByRole('button', { name: 'Later' }).click();

    await page.getByText('61 – 120').waitFor();
    expect(await page.locator('.row').count()).toBe(60);
  });

  test('no screen has a serious axe finding in light or dark mode, or scrolls sideways at 320 px', async () => {
    await served.memory.waitFor(await served.memory.enqueueEpisode('Berth uses Ropes.', null, { saga: 'morning' }));
    await served.memory.export();
    const paths = [
      ['/now', '.figures'],
      ['/ask?q=Harbor', '.row'],
      ['/timeline?entity=harbor&on=2025-02-01', '.row'],
      ['/entities', '.row'],
      ['/entities/Harbor', '.row'],
      ['/episodes', '.row'],
      [`/episodes/${served.episodes[0]}`, '.content'],
      ['/queue', '.plot'],
      [`/queue/${served.deadLetter}`, '.content'],
      ['/sessions', '.row'],
      ['/sessions/morning', '.row'],
      ['/archives', '.row'],
      [`/memories/${served.memory.config.group}`, 'section'],
      ['/memories', 'tbody tr'],
    ] as const;
    const findings: string[] = [];
    for (const [path, awaited] of paths) {
      await page.setViewportSize({ width: 1100, height: 800 });
      await page.emulateMedia({ colorScheme: 'light' });
      await open(path);
      await page.locator(awaited).first().waitFor();
      const found = await seriousFindings(page);
      // Of all rules only this one depends on the theme.
      await page.emulateMedia({ colorScheme: 'dark' });
      found.push(...(await seriousFindings(page, ['color-contrast'])));
      findings.push(...found.map((finding) => `${path}: ${finding}`));
      if ((await overflowAt320(page)) > 0) findings.push(`${path}: too wide`);
    }

    expect(findings).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
