import { summaryEpisode, turnEpisode } from '../../src/agents/capture/turn.ts';
import type { EpisodeInput } from '../../src/index.ts';
import type { MemoryManager } from '../../src/memory.ts';
import { MINUTE } from '../../src/time.ts';
import { HISTORY, type HistoryEntry } from './history.ts';

/** Stores the history as hooks, the plugin and the command line store such things, in its order. */
export async function storeHistory(memory: MemoryManager, group: string): Promise<void> {
  const uuids = new Map<string, string>();
  for (const [place, one] of HISTORY.entries()) {
    const { content, metadata, ...options } = episodeOf(one, place, uuids);
    const receipt = await memory.enqueueEpisode(content, metadata ?? {}, { group, ...options });
    await memory.waitFor(receipt, { timeoutMs: 10 * MINUTE });
    if (one.kind === 'note' && one.id) uuids.set(one.id, receipt.uuid);
  }
}

function episodeOf(one: HistoryEntry, place: number, uuids: ReadonlyMap<string, string>): Omit<EpisodeInput, 'group'> {
  const referenceTime = new Date(Date.parse(`${one.day}T08:00:00Z`) + place * MINUTE);
  const recorded = { host: 'claude-code', message: `m${place}`, referenceTime };
  switch (one.kind) {
    case 'turn': {
      const { key, ...episode } = turnEpisode({ ...recorded, ...one, tools: [], files: [], status: 'completed' });
      return { ...episode, idempotencyKey: key, source: 'message', sourceDescription: 'claude-code' };
    }
    case 'summary': {
      const { key, ...episode } = summaryEpisode({ ...recorded, ...one, userTexts: [] });
      return { ...episode, idempotencyKey: key, sourceDescription: 'claude-code' };
    }
    case 'document':
      return { content: one.text, referenceTime };
    case 'note': {
      const replaces = one.replaces === undefined ? undefined : uuids.get(one.replaces);
      return {
        ...{ content: one.text, referenceTime, kind: one.note },
        ...(one.isConfirmed && { confirmed: true }),
        ...(replaces && { replaces }),
      };
    }
  }
}
