import { beforeAll, describe, expect, test } from 'vitest';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

// Who said it, since when, what took its place, and what a session begins with: on every screen.

describe.skipIf(skipNote !== '')(`sources, ends and rules on the page${skipNote}`, () => {
  const stores = useStores();
  const served = useServedPage(stores);
  const tab = useChromium();
  const open = (path: string) => tab.open(path, served.server);
  const row = (sentence: string | RegExp) =>
    tab.page.locator('.row', { has: tab.page.locator('.sentence', { hasText: sentence }) }).first();
  let moved: string;
  let turn: string;

  beforeAll(async () => {
    const store = async (content: string, day: string, metadata: object | null = null, more = {}) => {
      const options = { referenceTime: new Date(day), ...more };
      const receipt = await served.memory.enqueueEpisode(content, metadata as never, options);
      await served.memory.waitFor(receipt);
      return receipt.uuid;
    };
    await store('Quillfern uses Postgres.', '2025-02-01', { file: 'docs/quillfern.md' });
    await store('Quillfern uses Postgres.', '2025-02-10', { file: 'notes/again.md' });
    moved = await store('Quillfern not uses Postgres. Quillfern uses MySQL.', '2025-06-01', { file: 'docs/move.md' });
    await store('Ines leads Quillfern. Jonas owns Tide.', '2025-03-01', { file: 'docs/people.md' });
    turn = await store(
      'user: Never deploy Quillfern on Fridays. Always write changelog entries.\n\nassistant: I will.',
      '2025-07-01',
      { kind: 'turn', host: 'codex', session: 'ses_42', message: 'm1' },
      { saga: 'ses_42', sourceDescription: 'codex' },
    );
  });

  test('the answer to "what do you know about" lists the facts with who said them, and leads to all of them', async () => {
    await open('/ask?q=What do you know about Quillfern%3F');

    await row('Quillfern uses MySQL')
      .getByRole('link', { name: /^source: docs\/move\.md ?, Jun 1, 2025/ })
      .waitFor();
    await row('Ines leads Quillfern')
      .getByRole('link', { name: /^source: docs\/people\.md/ })
      .waitFor();
    await tab.page.getByText('The most important facts about').getByRole('link', { name: 'Quillfern' }).click();

    await row('Quillfern uses MySQL')
      .getByRole('link', { name: /^source: docs\/move\.md/ })
      .waitFor();
    const former = row('Quillfern uses Postgres');
    await former.getByRole('link', { name: /^source: docs\/quillfern\.md ?, Feb 1, 2025/ }).waitFor();
    await former.getByRole('link', { name: /^ended by: docs\/move\.md ?, Jun 1, 2025/ }).waitFor();
    await former.getByText('Then: Quillfern uses MySQL').waitFor();
    await former.getByText('1 more source', { exact: true }).click();
    await former.getByRole('link', { name: /^source: notes\/again\.md ?, Feb 10, 2025/ }).waitFor();
  });

  test('the timeline names sources, also in the table, and says what took a place', async () => {
    await open('/timeline?entity=Quillfern&on=2025-03-05');

    const former = row('Quillfern uses Postgres');
    await former.getByRole('link', { name: /^source: docs\/quillfern\.md/ }).waitFor();
    await former.getByText('Then: Quillfern uses MySQL').waitFor();
    expect(await tab.page.locator('path.replaced').count()).toBe(1);
    await tab.page.getByText('All as a table').click();
    const cells = tab.page.getByRole('row', { name: /^Quillfern uses Postgres/ }).getByRole('cell');
    await cells.getByRole('link', { name: /^source: docs\/quillfern\.md/ }).waitFor();
  });

  test('an unnamed text has the name of its file on its own page and in lists', async () => {
    for (const path of ['/now', '/episodes']) {
      await open(path);
      await row('Jonas owns Tide').locator('.meta').getByText('docs/people.md').waitFor();
    }
    await row('Jonas owns Tide').locator('.sentence a').click();

    await tab.page.getByRole('heading', { level: 1, name: /^docs\/people\.md, Mar 1, 2025/ }).waitFor();
  });

  test('a link to a source is underlined as a whole', async () => {
    await open('/ask?q=Who leads Quillfern%3F');
    await row('Ines leads Quillfern').locator('.said-in .clip').first().waitFor();

    const line = await tab.page.evaluate<string>(
      `getComputedStyle(document.querySelector('.said-in .clip')).textDecorationLine`,
    );
    expect(line).toBe('underline');
  });

  test('an episode separates what it states from what it ended, and says what ended what', async () => {
    await open(`/episodes/${moved}`);
    const part = (name: string) =>
      tab.page.locator('section', { has: tab.page.getByRole('heading', { name, exact: true }) });

    await part('Facts from this text').getByText('Quillfern uses MySQL').waitFor();
    expect(await part('Facts from this text').getByText('Quillfern uses Postgres').count()).toBe(0);
    const ended = part('Facts that this text ended');
    await ended.getByText('Quillfern uses Postgres').waitFor();
    await ended.getByText('Then: Quillfern uses MySQL').waitFor();
    await ended.getByRole('link', { name: /^source: docs\/quillfern\.md/ }).waitFor();
  });

  test('the preview of forgetting quotes the text, and the fact that would hold again', async () => {
    await open(`/episodes/${moved}`);
    await tab.page.getByRole('button', { name: 'Show what would be removed' }).click();
    const preview = tab.page.locator('.preview');

    await preview.locator('.goes').getByText('Quillfern not uses Postgres. Quillfern uses MySQL.').waitFor();
    const under = (title: string) => preview.locator(`h3:text-is("${title}") + ul`);
    expect(await under('Facts that only this text states').allTextContents()).toEqual(['Quillfern uses MySQL']);
    expect(await under('Would hold again, since only this text ended it').allTextContents()).toEqual([
      'Quillfern uses Postgres',
    ]);
  });

  test('the preview of forgetting names the rules that would end, and the facts that other texts state', async () => {
    await open(`/episodes/${turn}`);
    await tab.page.getByRole('button', { name: 'Show what would be removed' }).click();

    const rules = tab.page.locator('.preview h3:text-is("Rules that would end") + ul li');
    await rules.first().waitFor();
    expect((await rules.allTextContents()).sort()).toEqual([
      'Always write changelog entries.',
      'Never deploy Quillfern on Fridays.',
    ]);
  });

  test('a rule is marked wherever it is shown, and the mark leads to the button that removes it', async () => {
    const marked = async (path: string, sentence: string) => {
      await open(path);
      await row(sentence).getByRole('link', { name: 'rule', exact: true }).waitFor();
    };
    await marked('/episodes', 'Never deploy Quillfern');
    await marked('/episodes?q=changelog', 'changelog');
    await marked('/ask?q=When do we deploy Quillfern%3F', 'Never deploy Quillfern on Fridays.');
    await open('/sessions/ses_42');
    await tab.page.getByRole('link', { name: 'rule', exact: true }).click();

    await tab.page.locator('.in-force').getByText('Never deploy Quillfern on Fridays.').waitFor();
    await tab.page.getByRole('button', { name: 'Make another rule of this text' }).waitFor();
    expect(await tab.page.getByRole('button', { name: 'Make a rule of this text' }).count()).toBe(0);
  });

  test('a rule of a turn is removed, and its text and its other rule stay', async () => {
    await open(`/episodes/${turn}`);
    const inForce = tab.page.locator('.in-force', { hasText: 'Always write changelog entries.' });

    await inForce.getByRole('button', { name: 'Remove the rule' }).click();

    await tab.page
      .getByRole('status')
      .getByText(/New sessions no longer begin with “Always write changelog/)
      .waitFor();
    await inForce.waitFor({ state: 'detached' });
    await tab.page.locator('.in-force', { hasText: 'Never deploy Quillfern' }).waitFor();
    await tab.page.locator('.content').getByText('Always write changelog entries.').waitFor();
    const { rules } = await served.memory.getBriefing();
    expect(rules.map(({ text }) => text)).toContain('Never deploy Quillfern on Fridays.');
    expect(rules.map(({ text }) => text)).not.toContain('Always write changelog entries.');
    expect(tab.errors).toEqual([]);
  });

  test('a pinned rule offers no second pin, can be removed, and pinned again', async () => {
    const input = { content: 'Jonas reviews Quillfern before each release.', referenceTime: new Date('2025-08-01') };
    const receipt = await served.memory.enqueueEpisode(input.content, null, { referenceTime: input.referenceTime });
    await served.memory.waitFor(receipt);
    const pin = async () => {
      await open(`/episodes/${receipt.uuid}`);
      await tab.page.getByRole('button', { name: 'Make a rule of this text' }).click();
      await tab.page.getByRole('button', { name: 'Show the rule' }).click();
      await tab.page.getByRole('button', { name: 'Pin the rule' }).click();
      await tab.page.getByRole('status').getByRole('link', { name: input.content }).click();
      await tab.page.locator('.in-force').getByText(input.content).waitFor();
    };
    const isRule = async () =>
      (await served.memory.getBriefing()).rules.some(({ text }) => text === input.content) || undefined;

    await pin();
    expect(await tab.page.getByRole('heading', { name: 'Pin as a rule' }).count()).toBe(0);
    await tab.page.getByRole('button', { name: 'Remove the rule' }).click();
    await tab.page.locator('.in-force').waitFor({ state: 'detached' });
    await tab.page.getByRole('button', { name: 'Make a rule of this text' }).click();
    await tab.page.getByText('It was a rule until you removed it.').waitFor();
    expect(await isRule()).toBe(undefined);
    await pin();

    await until('the rule in force again', isRule);
    expect(tab.errors).toEqual([]);
  });

  test.each([
    ['the beginning of a name', 'Quil'],
    ['a name with a wrong letter', 'Quallfern'],
  ])('%s suggests the entity in both fields for entities, also with the keys', async (_, typed) => {
    await open('/timeline');
    const field = tab.page.getByRole('combobox', { name: 'Entity' });
    await field.fill(typed);
    await tab.page.getByRole('option', { name: /^Quillfern/ }).waitFor();
    expect(await field.getAttribute('aria-expanded')).toBe('true');
    await field.press('ArrowDown');
    await tab.page.getByRole('option', { name: /^Quillfern/, selected: true }).waitFor();
    await field.press('Enter');
    await tab.page.locator('main .under').getByText('Quillfern').waitFor();
    expect(tab.page.url()).toContain('entity=Quillfern');

    await open('/entities');
    const name = tab.page.getByRole('combobox', { name: 'Name' });
    await name.fill(typed);
    const option = tab.page.getByRole('option', { name: /^Quillfern/ });
    await option.waitFor();
    await name.press('Escape');
    await option.waitFor({ state: 'detached' });
    await name.fill(`${typed} `);
    await option.click();
    await tab.page.getByRole('heading', { level: 1, name: /^Quillfern/ }).waitFor();
    expect(tab.errors).toEqual([]);
  });

  test('entities are shown by their number of facts, or in another order that the address keeps', async () => {
    const names = () => tab.page.locator('.row .sentence > a').allTextContents();
    const facts = async () =>
      (await tab.page.locator('.row .meta span:first-child').allTextContents()).map((text) =>
        Number.parseInt(text, 10),
      );
    await open('/entities');
    await tab.page.locator('.row').first().waitFor();

    const counts = await facts();
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    await tab.page.getByLabel('Order').selectOption('name');
    await tab.page.waitForURL(/order=name/);
    await until('the order by name', async () => {
      const shown = await names();
      return shown.join() === [...shown].sort((a, b) => a.localeCompare(b, 'en')).join() || undefined;
    });
    await tab.page.getByLabel('Order').selectOption('last mentioned');
    await tab.page.waitForURL(/order=mentioned/);
    const times = tab.page.locator('.row .meta time');
    await until('the last mentioned first', async () => {
      const shown = await times.evaluateAll((all) => all.map((time) => time.getAttribute('datetime') ?? ''));
      return shown.length > 1 && shown.join() === [...shown].sort().reverse().join() ? true : undefined;
    });
  });
});
