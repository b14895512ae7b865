import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entry.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { isUnrepaired } from '../../../src/journal/lost-changes.ts';
import { groupKey } from '../../../src/valkey/keys.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { plainEmbedder } from '../../support/models.ts';
import { openStoreConnections } from '../../support/store-connections.ts';
import { useRebuilding } from './support.ts';

const { stores, opened, journals, noted, open } = useRebuilding();

/** In another process, to which the lease fell. */
async function forgetElsewhere(group: string, episode: string | undefined): Promise<void> {
  const own = openStoreConnections(stores.config);
  try {
    await own.valkey.del(groupKey(own.valkey, 'lease', group));
    const forgetting = openTestForgetting(stores.config, own, plainEmbedder());
    await (episode ? forgetting.forget(group, anEpisode(episode)) : forgetting.forgetGroup(group));
  } finally {
    own.close();
  }
}

describe.each(['a text', 'the whole memory'])(
  'a replay does not bring back %s that was forgotten meanwhile',
  (what) => {
    test.each([
      ['before', false],
      ['while', true],
    ])('by a worker that took over %s an entry is written', async (_, isUnnoticed) => {
      const memory = open();
      const { group, graph } = memory;
      await memory.store(1, 'Harbor uses Redis.');
      const uuid = await memory.store(2, 'Nothing of note was said of Zircon.');
      await graph.change(
        'UNWIND $episodes AS x MERGE (n:_Statement {id: x.uuid}) SET n.episode = x.uuid, n.statement = x.content',
        { episodes: [{ uuid, content: 'Zircon.' }] },
      );
      await noted(graph);
      let isTaken = false;
      const frozen: Journal = {
        ...journals.journal,
        async *entries(of, after, until) {
          const read: JournalEntry[] = [];
          for await (const entry of journals.journal.entries(of, after, until)) read.push(entry);
          // The second reading, of the entries that are written.
          if (until !== undefined) {
            isTaken = true;
            await forgetElsewhere(group, what === 'a text' ? uuid : undefined);
          }
          yield* read;
        },
      };

      const replayed = memory.replay(frozen, () => isUnnoticed || !isTaken);

      if (isUnnoticed) await replayed;
      else await expect(replayed).rejects.toMatchObject({ name: 'StaleFenceError' });
      expect(isTaken).toBe(true);
      const [texts] = await graph.read<{ all: string }>(
        'MATCH (n) RETURN collect([n.content, n.name, n.terms, n.metadata, n.statement]) AS all',
      );
      expect(JSON.stringify(texts ?? {})).not.toMatch(/zircon/i);
      expect(await isUnrepaired(opened.valkey, group)).toBe(false);
    });
  },
);
