import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Graphs } from '../graph/graphs.ts';
import { doneEpisodes } from '../graph/queries/record.ts';
import { type Carrier, carrier } from '../telemetry/carrier.ts';
import { tracer } from '../telemetry/tracer.ts';
import { SECOND } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import type { BatchWriter } from './batch.ts';
import type { Extracted } from './extract.ts';
import { failureTold, type Line, type OwnEpisode, type Told, type WaitingRoom } from './pending-batch.ts';
import { type Stages, tagsOf } from './stages.ts';

/** Writes extracted episodes, many of one group together, also those of other workers. */
export interface GroupCommit {
  /** Resolves once the episode's facts are in the graph and every reader sees them. Never called for one that waits already. */
  join(extracted: Extracted): Promise<void>;
}

/** A waiter whose news got lost looks for itself after so long, give or take a quarter. */
const LOOKS_EVERY = 1 * SECOND;

export interface GroupCommitParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly room: WaitingRoom;
  readonly writer: BatchWriter;
  /** The memo's. */
  readonly stamp: string;
  readonly stage: Stages;
}

/**
 * Group commit, as databases do: the first episode that comes takes the group's lease; whatever comes while it writes, here or
 * in other workers, is written together next, by whoever holds the lease then. An idle group makes nobody wait.
 */
export function openGroupCommit(parts: GroupCommitParts): GroupCommit {
  const { leases, writer, stage } = parts;
  const lines = new Map<string, { line: Line; enter: (own: OwnEpisode) => void }>();

  /** One batch for each lease, so that whoever else waits for the group gets a turn. */
  async function drain(group: string, line: Line, entrance: { enter: (own: OwnEpisode) => void }): Promise<void> {
    while (line.size > 0) {
      const waiting = openWaiting(parts, group, line);
      try {
        entrance.enter = waiting.enter;
        // Asked for at once with the lease, which nearly always is free.
        const others = parts.room.all(group);
        others.catch(() => {});
        const lease: Lease | undefined = await leases.takeUnless(group, waiting);
        entrance.enter = () => {};
        if (lease)
          await writer
            .writeNext(group, lease, line, waiting.hasWaited() ? undefined : others)
            .finally(() => lease.release());
      } catch (error) {
        for (const [uuid, { written }] of line) {
          line.delete(uuid);
          written.reject(error);
        }
      } finally {
        waiting.end();
      }
    }
    lines.delete(group);
  }

  function wait(extracted: Extracted): Promise<Carrier | undefined> {
    const { group, uuid } = extracted.episode;
    const known = lines.get(group);
    const open = known ?? { line: new Map<string, OwnEpisode>(), enter: () => {} };
    const own: OwnEpisode = {
      ...{ extracted, since: Date.now(), carrier: tracer() && carrier() },
      isShown: false,
      written: Promise.withResolvers(),
    };
    open.line.set(uuid, own);
    open.enter(own);
    if (!known) {
      lines.set(group, open);
      void drain(group, open.line, open);
    }
    return own.written.promise;
  }

  return {
    join: (extracted) =>
      stage('commit', { tags: tagsOf(extracted.episode) }, async (span) => span.link(await wait(extracted))),
  };
}

/** While another worker holds the lease: ours are shown to it, and what it tells of them is heard. */
function openWaiting({ graphs, valkey, room, stamp }: GroupCommitParts, group: string, line: Line) {
  const ended = new AbortController();
  let hasWaited = false;
  let stop = () => {};

  async function show(some: Iterable<OwnEpisode>): Promise<void> {
    const shown = [...some];
    for (const own of shown) own.isShown = true;
    await room.enter(
      group,
      shown.map(({ extracted: { episode }, since, carrier }) => ({ episode, stamp, since, carrier })),
    );
  }

  function hear(told: Told | undefined): void {
    if (!told) return void look().catch(() => {});
    for (const uuid of told.uuids) {
      const own = line.get(uuid);
      line.delete(uuid);
      if (told.failure) own?.written.reject(failureTold(told.failure));
      else own?.written.resolve(told.write);
    }
    if (line.size === 0) ended.abort();
  }

  /** A message, or the whole waiting room, may be lost. */
  async function look(): Promise<void> {
    const uuids = await doneEpisodes(graphs.group(group), [...line.keys()]);
    if (uuids.length > 0) {
      // Whoever wrote them may have died before it raised the version.
      await raiseVersion(valkey, group);
      hear({ uuids });
    }
    await show(line.values());
  }

  async function lookNowAndThen(): Promise<void> {
    while (!ended.signal.aborted) {
      await sleep(LOOKS_EVERY * (0.75 + Math.random() / 2), undefined, { signal: ended.signal });
      await look().catch(() => {});
    }
  }

  return {
    until: ended.signal,
    hasWaited: () => hasWaited,
    async onWait() {
      stop = await room.listen(group, hear);
      hasWaited = true;
      await show(line.values());
      lookNowAndThen().catch(() => {});
    },
    /** One more that came meanwhile. */
    enter(own: OwnEpisode): void {
      if (hasWaited) show([own]).catch(() => {});
    },
    end(): void {
      ended.abort();
      stop();
    },
  };
}
