import { describe, expect, test } from 'vitest';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';

describe.skipIf(skipNote !== '')(`a first visit to the page${skipNote}`, () => {
  const stores = useStores();
  const served = useServedPage(stores);
  const tab = useChromium();
  const open = (path: string) => tab.open(path, served.server);
  const button = (name: string) => tab.page.getByRole('button', { name, exact: true });
  /** The focus moves to a new screen with its title. */
  const titled = (name: string) => tab.page.waitForFunction(`document.title.startsWith(${JSON.stringify(name)})`);

  test.each(['/queue', '/episodes/'])('what is typed after / on %s goes into the question', async (path) => {
    await open(path.endsWith('/') ? `${path}${served.episodes[0]}` : path);
    await tab.page.locator('main h2').first().waitFor();

    await tab.page.keyboard.press('/');
    await titled('Ask');
    await tab.page.keyboard.type('Harbor');

    expect(await tab.page.getByRole('searchbox').inputValue()).toBe('Harbor');
  });

  test.each(['Escape', 'Enter'])(
    '%s on "Keep it" closes the preview of Forget and returns to its button',
    async (key) => {
      await open(`/episodes/${served.episodes[0]}`);
      await button('Show what would be removed').click();
      await tab.page.locator('button:focus', { hasText: 'Keep it' }).waitFor();

      await tab.page.keyboard.press(key);

      await tab.page.locator('button:focus', { hasText: 'Show what would be removed' }).waitFor();
    },
  );

  test('the session of a text is a link only if the session has a screen', async () => {
    const turn = { kind: 'turn', host: 'opencode', session: 'lonely', message: 'm1' };
    const alone = await served.memory.enqueueEpisode('Dock uses Chains.', turn);
    const chained = await served.memory.enqueueEpisode(
      'Dock uses Bolts.',
      { ...turn, session: 'ses' },
      { saga: 'ses' },
    );
    for (const receipt of [alone, chained]) await served.memory.waitFor(receipt);

    await open(`/episodes/${alone.uuid}`);
    await tab.seen('session lonely');
    expect(await tab.page.getByRole('link', { name: 'session lonely' }).count()).toBe(0);
    await open(`/episodes/${chained.uuid}`);
    await tab.page.getByRole('link', { name: 'session ses' }).click();
    await tab.page.locator('.turns').getByText('Dock uses Bolts.').waitFor();

    await open('/sessions/lonely');

    expect(await tab.page.getByRole('alert').textContent()).toBe('There is no session "lonely" in this memory.');
  });

  test('a second click at the place of "Drop…" keeps the job, and the page says what would be lost', async () => {
    await open(`/queue/${served.deadLetter}`);
    await button('Drop…').scrollIntoViewIfNeeded();
    const box = await button('Drop…').boundingBox();
    const place = [(box?.x ?? 0) + 12, (box?.y ?? 0) + (box?.height ?? 0) / 2] as const;

    await tab.page.mouse.click(...place);
    await tab.seen(/^Dropping removes the job, .* Its text stays stored/);
    await tab.page.mouse.click(...place);

    await button('Drop…').waitFor();
    expect((await served.get('deadLetter', { id: served.deadLetter, queue: 'store' })).status).toBe(200);
  });

  test('an empty answer for a day before the first stored text says why', async () => {
    const day = (time: Date) => time.toLocaleDateString('en-US', { dateStyle: 'long' });
    const { createdAt } = (await served.memory.episodes.list({ limit: 1000 })).reduce((first, episode) =>
      episode.createdAt < first.createdAt ? episode : first,
    );

    await open('/ask?q=What uses Harbor?&known=2025-02-01');

    await tab.seen(`The memory stored its first text on ${day(createdAt)}, so it knew nothing on that day.`);
    await open('/ask?q=Unheard&on=2025-02-01');
    await tab.seen(/^(?:Nothing was found that was true on|What was said|Facts true on)/);
    expect(await tab.page.getByText('stored its first text').count()).toBe(0);
  });

  test('"Ask about a day in the past" focuses the date', async () => {
    await open('/entities/Harbor');
    await tab.page.getByRole('link', { name: 'Ask about a day in the past' }).click();
    await titled('Ask');
    await tab.seen('Harbor uses Valkey');

    expect(await tab.page.evaluate<string>('document.activeElement.closest("label")?.textContent')).toBe('True on');
  });

  test('the timeline’s field has the name of the entity, and is empty once everything is shown', async () => {
    await open('/entities/Harbor');
    await tab.page.getByRole('link', { name: 'See it on the timeline' }).click();
    const field = tab.page.getByRole('combobox', { name: 'Entity' });
    await tab.page.locator('main .under').getByText('Harbor').waitFor();
    await expect.poll(() => field.inputValue()).toBe('Harbor');

    await tab.page.getByRole('link', { name: 'Timeline', exact: true }).click();

    await tab.page.locator('main .under').waitFor({ state: 'detached' });
    await expect.poll(() => field.inputValue()).toBe('');
  });

  test('the periods of facts that began or ended today have no clock time', async () => {
    const stored = [
      { content: 'Crane uses Cables.', referenceTime: new Date('2025-01-10') },
      { content: 'Crane not uses Cables. Crane uses Wires.' },
    ];
    for (const { content, ...options } of stored)
      await served.memory.waitFor(await served.memory.enqueueEpisode(content, null, options));

    await open('/entities/Crane');

    const periodOf = (fact: string) =>
      tab.page
        .locator('.row', { has: tab.page.locator('.sentence', { hasText: fact }) })
        .locator('.held')
        .textContent();
    expect(await periodOf('Crane uses Wires')).toBe('since today');
    expect(await periodOf('Crane uses Cables')).toBe('Jan 10, 2025 – today');
  });

  test('Now counts delayed jobs as in the queue, and its sentence about them leads there', async () => {
    await tab.page.route('**/api/v1/now*', async (route) => {
      const response = await route.fetch();
      const reply = await response.json();
      await route.fulfill({ response, json: { ...reply, jobs: { waiting: 0, active: 0, delayed: 3, failed: 0 } } });
    });
    await tab.page.route('**/api/v1/news', (route) => route.abort());
    await open('/now');
    await tab.page.getByRole('link', { name: '3 In the queue' }).waitFor();

    await tab.page
      .getByRole('listitem')
      .filter({ hasText: '3 texts wait to be read' })
      .getByRole('link', { name: 'The queue shows' })
      .click();

    await tab.page.getByRole('columnheader', { name: 'Delayed' }).waitFor();
  });
});
