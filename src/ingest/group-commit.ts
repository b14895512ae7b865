import type { Redis } from 'ioredis';
import { isForeseen, StaleFence } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import { readFence } from '../graph/queries/read-fence.ts';
import { episodeKey } from '../graph/queries/record-episode.ts';
import { toGraphTime } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import { takeLease } from '../valkey/lease.ts';
import type { Extracted } from './extract.ts';
import { derivedUuid, sameKey } from './names.ts';
import { type Reconciled, reconcileFacts } from './reconcile-facts.ts';
import { type Resolution, resolveEntities } from './resolve-entities.ts';

/** Writes extracted episodes, many of one group together. */
export interface GroupCommit {
  /** Resolves once the episode's facts are in the graph and every reader sees them. */
  join(extracted: Extracted): Promise<void>;
}

const MOST_TOGETHER = 32;

interface Waiting {
  readonly extracted: Extracted;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit, as databases do: the first episode that comes takes the group's lease; whatever comes while it writes waits and
 * is written together next. An idle group makes nobody wait.
 */
export function openGroupCommit(graphs: Graphs, valkey: Redis): GroupCommit {
  const waiting = new Map<string, Waiting[]>();

  async function drain(group: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      try {
        const lease = await takeLease(valkey, group);
        try {
          await settle(graphs.group(group), lease.fence, queue.splice(0, MOST_TOGETHER));
        } finally {
          await lease.release();
        }
      } catch (error) {
        for (const { reject } of queue.splice(0)) reject(error);
      }
    }
    waiting.delete(group);
  }

  async function settle(graph: GroupGraph, fence: number, batch: readonly Waiting[]): Promise<void> {
    try {
      await write(
        graph,
        fence,
        batch.map(({ extracted }) => extracted),
      );
    } catch (error) {
      // One episode that cannot be written must not take the others with it.
      if (batch.length > 1 && !isForeseen(error)) for (const one of batch) await settle(graph, fence, [one]);
      else for (const { reject } of batch) reject(error);
      return;
    }
    // Written they are; without the new version nobody would see it, so the jobs come again and raise it.
    try {
      await raiseVersion(valkey, graph.group);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    join: (extracted) =>
      new Promise((resolve, reject) => {
        const { group } = extracted.episode;
        const one = { extracted, resolve, reject };
        const queue = waiting.get(group);
        if (queue) queue.push(one);
        else {
          const fresh = [one];
          waiting.set(group, fresh);
          void drain(group, fresh);
        }
      }),
  };
}

async function write(graph: GroupGraph, fence: number, batch: readonly Extracted[]): Promise<void> {
  const now = new Date();
  const seen = await readFence(graph);
  const entities = await resolveEntities(graph, batch);
  const facts = await reconcileFacts(graph, batch, entities, now);
  const vectors = new Map(batch.flatMap((it) => [...it.vectors]));
  const accepted = await commit(graph, {
    fence,
    seen,
    now: toGraphTime(now),
    newEntities: entities.created.map(({ uuid, name, type }) => ({
      uuid,
      name,
      label: type,
      embedding: vectors.get(name) ?? [],
    })),
    labelled: entities.typed.map(({ uuid, type }) => ({ uuid, label: type })),
    newFacts: facts.created.map((fact) => ({ ...fact, embedding: vectors.get(fact.fact) ?? [] })),
    changedFacts: facts.changed,
    mentions: mentionsOf(batch, entities),
    episodes: episodesOf(batch, facts),
  });
  if (!accepted)
    throw new StaleFence(`Another worker has taken over the memory "${graph.group}"; this episode is tried again.`);
}

function mentionsOf(batch: readonly Extracted[], { byName }: Resolution) {
  return batch.flatMap(({ episode, extraction }) => {
    const entities = new Set(extraction.entities.map(({ name }) => byName.get(sameKey(name))?.uuid ?? ''));
    return [...entities].map((entity) => ({
      uuid: derivedUuid('mention', episode.uuid, entity),
      episode: episode.uuid,
      entity,
    }));
  });
}

function episodesOf(batch: readonly Extracted[], { touchedBy }: Reconciled) {
  return batch.map(({ episode: { uuid } }) => ({ uuid, key: episodeKey(uuid), facts: touchedBy.get(uuid) ?? [] }));
}
