import type { ServerResponse } from 'node:http';
import type { Config } from '../config.ts';
import { openQueueWatch, type QueueWatch } from '../queue/queue-watch.ts';
import { SECOND } from '../time.ts';
import type { ArchiveWorkbench } from './archives.ts';
import { jobsOf } from './now.ts';
import type { LiveUpdate } from './schemas.ts';

const EVERY = 2 * SECOND;
/** A line is written at least this often, for changes that the queue does not show: workers, models, spooled texts. */
const HEARTBEAT = 5;

export interface LiveUpdates {
  /** Writes JSON lines to the response until the reader disconnects: one immediately, one for each change, and one every ten seconds. */
  follow(response: ServerResponse): void;
  close(): void;
}

/**
 * One reader of the queue's counts serves all open pages, and pauses while no page is open.
 * @param onTick called before each reading
 */
export function openLiveUpdates(config: Config, archiveWork: ArchiveWorkbench, onTick: () => void): LiveUpdates {
  const followers = new Set<ServerResponse>();
  let watch: QueueWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  let last = '';
  let quiet = 0;

  async function ask(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    try {
      onTick();
      const line = `${JSON.stringify(await read())}\n`;
      quiet = line === last ? quiet + 1 : 0;
      if (quiet % HEARTBEAT === 0) for (const follower of followers) follower.write(line);
      last = line;
    } finally {
      isAsking = false;
    }
  }

  async function read(): Promise<LiveUpdate> {
    const latest = archiveWork.latest();
    const work = latest && `${latest.id} ${latest.state}`;
    try {
      watch ??= openQueueWatch(config);
      const { counts, lastEnded } = await watch.look();
      return { jobs: jobsOf(counts), completed: counts.completed, lastEnded, work };
    } catch {
      // On null the screens load the state themselves, which says why Valkey does not answer.
      return { jobs: null, completed: 0, lastEnded: '', work };
    }
  }

  function rest(): void {
    clearInterval(timer);
    timer = undefined;
    last = '';
    void watch?.close();
    watch = undefined;
  }

  return {
    follow(response) {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      response.write(last || '\n');
      followers.add(response);
      timer ??= setInterval(() => void ask(), EVERY);
      response.on('close', () => {
        followers.delete(response);
        if (followers.size === 0) rest();
      });
      void ask();
    },
    close() {
      for (const follower of followers) follower.end();
      rest();
    },
  };
}
