import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { findChromium, openBrowser } from '../../../scripts/chromium.ts';
import type { PageServer } from '../../../src/page/serve.ts';
import { MINUTE } from '../../../src/time.ts';

const chromium = await findChromium();

/** Why tests in Chromium are skipped; empty if they run. */
export const skipNote = typeof chromium === 'string' ? ` (skipped: ${chromium})` : '';

export interface BrowserTab {
  /** A new page for each test. */
  page: Page;
  /** Console errors and uncaught errors of this test. */
  errors: string[];
  open(path: string, server: PageServer): Promise<unknown>;
  seen(text: string | RegExp): Promise<void>;
}

/** A tab of a Chromium that all tests of a file share. */
export function useChromium(): BrowserTab {
  let browser: Browser;
  const tab = {} as BrowserTab;
  beforeAll(async () => {
    if (typeof chromium !== 'string') browser = await openBrowser(chromium);
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, reducedMotion: 'reduce' });
    tab.page = await context.newPage();
    tab.page.setDefaultTimeout(2 * MINUTE);
    tab.errors = [];
    tab.page.on('pageerror', (error) => tab.errors.push(error.message));
    tab.page.on('console', (message) => {
      if (message.type() === 'error') tab.errors.push(`${message.text()} ${message.location().url}`);
    });
    tab.open = (path, { url, token }) => tab.page.goto(`${new URL(url).origin}${path}#token=${token}`);
    tab.seen = (text) => tab.page.getByText(text).first().waitFor();
    return () => context.close();
  });
  return tab;
}
