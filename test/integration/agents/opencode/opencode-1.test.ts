import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { server } from '../../../../src/agents/opencode/plugin-hooks.ts';
import { environmentOf } from '../../../support/command-line.ts';
import { newGroup, useStores } from '../../../support/stores.ts';
import { pluginContract } from './contract.ts';
import { hostOf } from './host.ts';

pluginContract('opencode 1');

describe('opencode 1', () => {
  const stores = useStores();
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    vi.unstubAllEnvs();
  });

  async function opened() {
    const home = await mkdtemp(join(tmpdir(), 'memory-home-'));
    const config = { ...stores.config, home, group: newGroup(), queuePrefix: `{${newGroup()}}` };
    for (const [name, value] of Object.entries(environmentOf(config))) vi.stubEnv(name, value);
    const hooks = await server({ directory: home }, { group: config.group });
    closers.push(
      () => hooks.dispose?.(),
      () => rm(home, { recursive: true, force: true }),
    );
    return { hooks, directory: home };
  }

  test('loads the plugin once per folder', async () => {
    const { directory } = await opened();

    expect(await server({ directory }, {})).toEqual({});
  });

  test('keeps what other plugins add to a compaction, and gets nothing from an empty memory', async () => {
    const { hooks } = await opened();
    const host = hostOf(hooks);
    const session = await host.newSession();
    const output = { context: ['theirs'] };

    const { parts } = await host.prompt(session, 'Hello');
    await hooks['experimental.session.compacting']?.({ sessionID: session }, output);

    expect(parts).toHaveLength(1);
    expect(output.context).toEqual(['theirs']);
  });

  test('never gets an exception, whatever it sends', async () => {
    const { hooks } = await opened();

    for (const rubbish of [
      undefined,
      null,
      7,
      {},
      { event: { type: 'message.updated' } },
      { event: { type: 'session.idle', properties: null } },
    ]) {
      await hooks.event?.(rubbish as never);
      await hooks['chat.message']?.(rubbish as never, rubbish as never);
      await hooks['experimental.session.compacting']?.(rubbish as never, rubbish as never);
    }
  });
});
