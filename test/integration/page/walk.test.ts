import { describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { plainEmbedder } from '../../support/models.ts';
import { skipped, useChromium } from '../../support/page/chromium.ts';
import { useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

describe.skipIf(skipped !== '')(`a walk through the page${skipped}`, () => {
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
    await receipt.getByRole('button', { name: /^Close/ }).click();
    await receipt.waitFor({ state: 'detached' });
    expect(tab.errors).toEqual([]);
  });

  test('forgetting a text that is in no archive says so', async () => {
    await served.memory.export();
    const uuid = await store('Fender stores Rubber.');
    await open(`/episodes/${uuid}`);

    await tab.page.getByRole('button', { name: 'Show what would be removed' }).click();

    await tab.seen(/^No archive in .* contains this text\.$/);
  });

  test('a replay leaves a receipt with the outcome of the job, without errors', async () => {
    await open(`/queue/${served.deadLetter}`);

    await tab.page.getByRole('button', { name: 'Replay' }).click();

    const receipt = tab.page.getByRole('list', { name: 'Done in this tab' });
    await receipt.getByText('The job was put back into the queue.').waitFor();
    await receipt.getByText('Failed again: 1 job, listed below with the new reason.').waitFor();
    await tab.page.getByRole('link', { name: 'The model gave no reply.' }).waitFor();
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
