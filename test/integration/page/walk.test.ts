import { describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { plainEmbedder } from '../../support/models.ts';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

describe.skipIf(skipNote !== '')(`a walk through the page${skipNote}`, () => {
  const stores = useStores();
  const served = useServedPage(stores);
  const tab = useChromium();
  const open = (path: string) => tab.open(path, served.server);
  const store = async (text: string) => {
    const receipt = await served.memory.enqueueEpisode(text);
    await served.memory.waitFor(receipt);
    return receipt.uuid;
  };

  test('forgetting names the archives that still contain the text, and leaves a receipt without the text, without errors', async () => {
    const uuid = await store('Pontoon stores Buoys.');
    await served.memory.export();
    await open(`/episodes/${uuid}`);
    await tab.page.getByRole('button', { name: 'Forget this text…' }).click();
    await tab.seen(/^1 archive in .* still contains this text\. A restore leaves it out/);
    await tab.seen(/archive prune --group .* --keep daily=1 --all/);

    await tab.page.getByRole('button', { name: 'Forget for good' }).click();

    const receipt = tab.page.getByRole('list', { name: 'Done in this tab' });
    await receipt.getByText('Forgotten for good: 1 episode, 1 fact and 2 entities.').waitFor();
    await receipt.getByText(/^1 archive in .* still contains this text/).waitFor();
    expect(await receipt.textContent()).not.toMatch(/Pontoon|Buoys/);
    await tab.page.reload();
    await receipt.getByText(/Forgotten for good/).waitFor();
    const screens = tab.page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: 'Now' }).click();
    await tab.page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    await screens.getByRole('link', { name: 'Episodes' }).click();
    await tab.page.locator('.rows .row').first().waitFor();
    expect(await receipt.count()).toBe(0);
    expect(tab.errors).toEqual([]);
  });

  test('forgetting a text that is in no archive says so', async () => {
    await served.memory.export();
    const uuid = await store('Fender stores Rubber.');
    await open(`/episodes/${uuid}`);

    await tab.page.getByRole('button', { name: 'Show what would be removed' }).click();

    await tab.seen(/^No archive in .* contains this text\.$/);
  });

  test('the progress of work on an archive is shown below that archive', async () => {
    const older = (await served.memory.export()).file;
    await served.memory.export();
    const work = { id: 'w', kind: 'verify', group: served.memory.config.group, file: older, startedAt: '', share: 0.4 };
    await tab.page.route('**/api/v1/archiveWork*', (route) =>
      route.fulfill({ json: { work: { ...work, state: 'running', message: '' } } }),
    );

    await open('/archives');

    const row = tab.page.locator('.row', { hasText: older });
    await row.getByText(`Verifying ${older}: 40 %`).waitFor();
    expect(await tab.page.getByRole('progressbar').count()).toBe(1);
    expect(await row.getByRole('button', { name: `Verify ${older}` }).isDisabled()).toBe(true);
  });

  test('a replay leaves a receipt with the outcome of the job, without errors', async () => {
    await open(`/queue/${served.deadLetter}`);

    await tab.page.getByRole('button', { name: 'Replay' }).click();

    const receipt = tab.page.getByRole('list', { name: 'Done in this tab' });
    await receipt.getByText('The job was put back into the queue.').waitFor();
    await receipt.getByText('Failed again: 1 job, listed below with the new reason.').waitFor();
    const row = tab.page.locator('.row', { hasText: 'The model gave no reply.' });
    await row.getByRole('link', { name: 'poison' }).waitFor();
    await row.getByText(`a text in ${served.memory.config.group}`).waitFor();
    await tab.page.getByRole('row', { name: 'Texts and tasks 0 0 0 1' }).waitFor();
    await receipt.getByText(/waiting or running/).waitFor({ state: 'detached' });
    expect(tab.errors).toEqual([]);
  });

  test('while jobs are open, an empty list of failed jobs promises nothing', async () => {
    await open('/now');
    await tab.page.route('**/api/v1/deadLetters*', async (route) => {
      const response = await route.fetch();
      const reply = await response.json();
      await route.fulfill({
        response,
        json: { ...reply, letters: [], store: { ...reply.store, active: 1, failed: 0 } },
      });
    });

    await open('/queue');

    await tab.seen('No failed jobs, while 1 job waits or runs.');
    expect(await tab.page.getByText('There are no failed jobs.').count()).toBe(0);
  });

  test.each(['/now', '/episodes'])('%s shows why a text could not be read, with a link to its job', async (path) => {
    await open(path);
    const row = tab.page.locator('.row', { hasText: 'poison' });
    await row.getByText('could not be read:').waitFor();
    expect(await row.getByText('waits to be read').count()).toBe(0);

    await row.getByRole('link', { name: 'The model gave no reply.' }).click();

    await tab.page.getByRole('heading', { name: 'Why this job failed' }).waitFor();
  });

  test('an episode stored as a fact shows the fact, in lists and on its own page', async () => {
    const receipt = await served.memory.enqueueFact(
      {
        source: 'Quay',
        relation: 'HOLDS',
        target: 'Cranes',
        fact: 'The quay holds six cranes.',
        validAt: new Date('2025-04-02'),
      },
      null,
      { saga: 'facts' },
    );
    await served.memory.waitFor(receipt);
    for (const path of ['/episodes', '/sessions/facts']) {
      await open(path);
      await tab.seen('The quay holds six cranes.');
      expect(await tab.page.locator('main').textContent()).not.toContain('"relation"');
    }

    await open(`/episodes/${receipt.uuid}`);

    await tab.page.locator('.content').getByText('The quay holds six cranes.').waitFor();
    await tab.seen('since Apr 2, 2025');
    expect(await tab.page.locator('.content').textContent()).not.toContain('{');
    await tab.page.getByText('As it is stored').click();
    await tab.seen(/"relation"/);
  });

  test('a slow query shows what it waits for', async () => {
    await open('/ask');
    await tab.seen(/^True on: what held on that day/);
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    await tab.page.route('**/api/v1/answer*', async (route) => {
      await held;
      await route.continue();
    });
    await tab.page.getByRole('searchbox').fill('What uses Harbor?');
    await tab.page.keyboard.press('Enter');

    await tab.seen(/^Searching facts and stored texts\./);
    answer();

    await tab.seen('Harbor uses Valkey');
    expect(await tab.page.getByText(/^Searching facts/).count()).toBe(0);
  });

  test('where the browser keeps nothing, the page works until it is loaded again, and then says what to open', async () => {
    await tab.page.addInitScript(`
      const refuse = () => { throw new DOMException('denied', 'SecurityError'); };
      for (const area of ['sessionStorage', 'localStorage']) Object.defineProperty(globalThis, area, { get: refuse });
      globalThis.BroadcastChannel = class { constructor() { refuse(); } };
    `);
    await open('/now');
    await tab.seen(/The memory works/);

    await tab.page.reload();

    await tab.page.getByRole('heading', { name: 'This page is locked' }).waitFor();
    expect(tab.errors).toEqual([]);
  });

  test.each([
    ['/episodes/none', 'Episode', 'Episodes'],
    ['/entities/none', 'Entity', 'Entities'],
    ['/queue/none', 'Why this job failed', 'Queue'],
  ])('%s leads to nothing, says so below a heading, and leads back', async (path, heading, list) => {
    await open(path);
    await tab.page.getByRole('alert').getByText('There is no ').waitFor();
    expect(await tab.page.getByRole('heading', { level: 1 }).allTextContents()).toEqual([heading]);
    expect(await tab.page.getByRole('button', { name: 'Try again' }).count()).toBe(0);

    await tab.page.locator('main').getByRole('link', { name: list }).click();

    await tab.page.getByRole('heading', { level: 1, name: list }).waitFor();
  });

  test('the default memory can be recognized where it is named', async () => {
    const memory = new MemoryManager({ ...stores.config, group: '_' }, { embedder: plainEmbedder() });
    await memory.waitFor(await memory.enqueueEpisode('Mole stores Ropes.'));
    await tab.open('/now', await served.serve({ memory }));
    await tab.page.locator('header').getByRole('link', { name: '_ (default)' }).click();

    await tab.page.locator('main').getByRole('link', { name: '_ (default)' }).waitFor();
    await tab.page.getByRole('link', { name: 'Erase the memory _' }).click();
    await tab.page.getByRole('heading', { level: 1, name: '_ (default)' }).waitFor();
    await memory.close();
  });

  test('a date that is typed counts once its year is whole', async () => {
    const asked: string[] = [];
    tab.page.on('request', (request) => {
      const date = new URL(request.url()).searchParams.get('asOf');
      if (date !== null) asked.push(date.slice(0, 4));
    });
    await open('/ask?q=What uses Harbor?');
    await tab.seen('Harbor uses Valkey');

    await tab.page.getByLabel('True on').pressSequentially('02012025');

    await tab.seen('Harbor uses Redis');
    expect(asked).toEqual(['2025']);
  });

  test('rows are walked with j and k, Enter opens one, and ? shows the keys', async () => {
    await open('/entities');
    await tab.page.locator('.row').nth(2).waitFor();
    const focusedAfter = async (key: string) => {
      await tab.page.keyboard.press(key);
      return tab.page.evaluate<number>(
        `[...document.querySelectorAll('main .row')].findIndex((row) => row.contains(document.activeElement))`,
      );
    };

    const places: number[] = [];
    for (const key of ['j', 'j', 'j', 'k', 'k', 'k', 'j']) places.push(await focusedAfter(key));

    expect(places).toEqual([0, 1, 2, 1, 0, 0, 1]);
    const name = (await tab.page.locator(':focus').textContent()) ?? '';
    const keys = tab.page.getByRole('dialog', { name: 'Keys' });
    await tab.page.keyboard.press('?');
    await keys.getByText('next and previous row').waitFor();
    await tab.page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    expect(await tab.page.locator(':focus').textContent()).toBe(name);
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('heading', { level: 1, name: new RegExp(`^${name}`) }).waitFor();
    await open('/entities');
    await tab.page.getByRole('combobox', { name: 'Name' }).pressSequentially('j?k/gn');
    expect(await tab.page.getByRole('combobox', { name: 'Name' }).inputValue()).toBe('j?k/gn');
    expect(await keys.count()).toBe(0);
    expect(tab.page.url()).toContain('/entities');
  });

  test('nothing moves for those who want reduced motion', async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    await tab.page.route('**/api/v1/answer*', async (route) => {
      await held;
      await route.continue();
    });
    await tab.page.emulateMedia({ reducedMotion: 'no-preference' });
    await open('/ask?q=What uses Harbor?');
    await tab.page.locator('.skeleton').first().waitFor();
    const running = () => tab.page.evaluate<number>(RUNNING_ANIMATIONS);
    await until('the bars that move while a query runs', async () => (await running()) > 0);

    await tab.page.emulateMedia({ reducedMotion: 'reduce' });

    await until('no bar that moves', async () => (await running()) === 0);
    expect(await tab.page.locator('.skeleton').count()).toBe(1);
    answer();
    await tab.seen('Harbor uses Valkey');
    const durations = new Set<string>();
    for (const path of ['/now', '/ask?q=Harbor', '/timeline', '/entities/Harbor', '/queue', '/archives', '/memories']) {
      await open(path);
      await tab.page.locator('h1').waitFor();
      for (const duration of await tab.page.evaluate<string[]>(DURATIONS_OF_MOTION)) durations.add(duration);
    }
    expect([...durations]).toEqual(['0s']);
  });

  test('every time shows its exact instant and the zone on hover', async () => {
    const devtools = await tab.page.context().newCDPSession(tab.page);
    await devtools.send('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' });
    const uuid = served.episodes[1];

    for (const path of [
      '/ask?q=Harbor',
      '/entities/Harbor',
      `/episodes/${uuid}`,
      '/timeline?entity=harbor',
      '/queue',
    ]) {
      await open(path);
      await tab.page.locator('main time').first().waitFor();
      const titles = await tab.page.locator('main time').evaluateAll((times) => times.map((time) => time.title));
      expect(titles.filter((title) => !/\d:\d\d:\d\d\s[AP]M GMT\+5:30$/.test(title))).toEqual([]);
    }
    await open(`/episodes/${uuid}`);
    const dated = tab.page.locator('main .meta time').first();
    expect(await dated.getAttribute('title')).toMatch(/^Saturday, March 1, 2025 at 5:30:00\sAM GMT\+5:30$/);
    expect(await dated.getAttribute('datetime')).toBe('2025-03-01T00:00:00.000Z');
  });

  test('every line of an answer names the file or the source of its text', async () => {
    const told = [
      ['Gangway uses Chains.', { file: 'docs/gangway.md' }, {}],
      ['Hoist calls Gangway.', null, { sourceDescription: 'the wiki <b>' }],
    ] as const;
    for (const [content, metadata, options] of told)
      await served.memory.waitFor(await served.memory.enqueueEpisode(content, metadata, options));
    await open('/ask?q=Gangway');
    const line = (sentence: string) => tab.page.locator('.row', { hasText: sentence }).first();

    await line('Gangway uses Chains')
      .getByRole('link', { name: /^source: docs\/gangway\.md ?, today/ })
      .waitFor();
    await line('Hoist calls Gangway')
      .getByRole('link', { name: /^source: the wiki <b> ?, today/ })
      .waitFor();
    await line('Gangway uses Chains').locator('.why summary').click();

    const statedBy = line('Gangway uses Chains').locator('dt:text-is("Stated by") + dd');
    await statedBy.getByRole('link', { name: /^docs\/gangway\.md, / }).waitFor();
    expect(await statedBy.textContent()).not.toContain('Untitled');
    const passages = tab.page.locator('section', { has: tab.page.getByRole('heading', { name: 'What was said' }) });
    expect(
      await passages.getByRole('link', { name: /^said in: (?:docs\/gangway\.md|the wiki <b>) ?, today/ }).count(),
    ).toBe(await passages.locator('.row').count());
    await statedBy.getByRole('link').click();
    await tab.page.locator('.content').getByText('Gangway uses Chains.').waitFor();
    await open('/entities/Gangway');
    await tab.page
      .locator('.plain-list')
      .getByRole('link', { name: /^docs\/gangway\.md, / })
      .waitFor();
  });

  test.each([
    [320, true],
    [768, true],
    [1280, false],
  ])('at %i pixels the date line covers no label of the timeline', async (width, isStacked) => {
    await tab.page.setViewportSize({ width, height: 900 });

    await open('/timeline?entity=harbor&on=2025-02-01');

    await tab.page.locator('.lines .label').nth(3).waitFor();
    const crossed = await tab.page.evaluate<{ labels: number; covered: string[] }>(LABELS_AT_THE_DATE_LINE);
    expect(crossed.covered).toEqual([]);
    expect(crossed.labels > 0).toBe(isStacked);
  });

  test.each([320, 360])(
    'at %i pixels the menu leaves the screen to its content, and hides no screen',
    async (width) => {
      await tab.page.setViewportSize({ width, height: 720 });

      await open('/now');
      await tab.seen(/The memory works/);

      expect((await tab.page.locator('header').boundingBox())?.height).toBeLessThan(120);
      const links = tab.page.locator('header nav').getByRole('link');
      expect(await links.count()).toBe(9);
      const boxes = await links.evaluateAll((all) => all.map((link) => link.getBoundingClientRect().toJSON()));
      for (const { left, right, height } of boxes) {
        expect(left).toBeGreaterThanOrEqual(0);
        expect(right).toBeLessThanOrEqual(width);
        expect(height).toBeGreaterThanOrEqual(28);
      }
    },
  );

  test('no screen logs an error, scrolls sideways, breaks a word or cuts a placeholder, from 320 to 1280 pixels', async () => {
    await served.memory.waitFor(await served.memory.enqueueEpisode('Berth uses Ropes.', null, { saga: 'morning' }));
    const paths = [
      ...['/now', '/ask', '/ask?q=Harbor', '/timeline?entity=harbor', '/entities', '/entities/Harbor', '/episodes'],
      ...[`/episodes/${served.episodes[0]}`, '/queue', `/queue/${served.deadLetter}`, '/sessions', '/sessions/morning'],
      ...['/archives', '/memories', `/memories/${served.memory.config.group}`],
    ];
    const findings: string[] = [];
    for (const path of paths) {
      await open(path);
      await until('the screen with its content', async () => {
        const [frames, bars] = [await tab.page.locator('h1').count(), await tab.page.locator('.skeleton').count()];
        return frames === 1 && bars === 0;
      });
      for (const width of [320, 360, 768, 1280]) {
        await tab.page.setViewportSize({ width, height: 800 });
        const found = await tab.page.evaluate<string[]>(FAULTS_OF_LAYOUT);
        findings.push(...found.map((fault) => `${path} at ${width} px: ${fault}`));
      }
    }

    expect(findings).toEqual([]);
    expect(tab.errors).toEqual([]);
  });
});

const RUNNING_ANIMATIONS = `document.getAnimations().filter(({ playState }) => playState === 'running').length`;

const DURATIONS_OF_MOTION = `[...document.querySelectorAll('*')].flatMap((element) =>
  [null, '::before', '::after'].flatMap((part) => {
    const style = getComputedStyle(element, part);
    return [style.animationDuration, style.transitionDuration];
  }),
)`;

/** Runs in the page: how many labels of facts the date line crosses, and the labels of facts and of the axis that it covers. */
const LABELS_AT_THE_DATE_LINE = `(() => {
  const handle = document.querySelector('.dateline .handle').getBoundingClientRect();
  const x = (handle.left + handle.right) / 2;
  const crosses = ({ left, right }) => left <= x && x <= right;
  const labels = [...document.querySelectorAll('.lines .label')].filter((label) => crosses(label.getBoundingClientRect()));
  const isOpaque = (label) => !/^rgba|transparent/.test(getComputedStyle(label).backgroundColor);
  const isOnTop = (label) => {
    const { top, bottom } = label.getBoundingClientRect();
    return document.elementFromPoint(x, (top + bottom) / 2) === label;
  };
  const ticks = [...document.querySelectorAll('.ticks text')].filter((tick) => {
    const { left, right } = tick.getBoundingClientRect();
    return left < handle.right && right > handle.left;
  });
  const covered = [...labels.filter((label) => !isOpaque(label) || !isOnTop(label)), ...ticks];
  return { labels: labels.length, covered: covered.map(({ textContent }) => textContent) };
})()`;

/** Runs in the page: what is too wide, the placeholders that do not fit their fields, and words of tables that have more than one line. */
const FAULTS_OF_LAYOUT = `(() => {
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push('too wide');
  const canvas = document.createElement('canvas').getContext('2d');
  for (const field of document.querySelectorAll('input[placeholder]')) {
    const style = getComputedStyle(field);
    canvas.font = style.font;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (canvas.measureText(field.placeholder).width > room) faults.push('cut: ' + field.placeholder);
  }
  for (const cell of document.querySelectorAll('th, td')) {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let text = walk.nextNode(); text; text = walk.nextNode())
      for (const { index, 0: word } of text.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) faults.push('broken: ' + word);
      }
  }
  return faults;
})()`;
