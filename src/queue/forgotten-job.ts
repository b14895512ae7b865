import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import {
  deleteFailureEvents,
  hasFailureReason,
  listJobIds,
  readFailureTime,
  readPayload,
  replacePayloadAndDropFailures,
} from './bullmq-layout.ts';

/** The payload of a `store` job after its episode was forgotten: enough to recognise the episode and to do nothing. */
interface ForgottenJob {
  readonly version: 1;
  readonly uuid: string;
  readonly group: string;
  readonly forgotten: true;
}

export function isForgottenJob(data: unknown): data is ForgottenJob {
  return (data as { forgotten?: unknown } | null)?.forgotten === true;
}

/**
 * Removes the text from jobs in any state. The ids stay, so that the same episode is recognised when it is stored again. Dead letters are
 * removed. @returns how many jobs there were
 */
export async function forgetJobs(
  queue: Queue,
  connection: Redis,
  group: string,
  uuids: readonly string[],
): Promise<number> {
  let count = 0;
  for (const uuid of uuids) {
    const [text, failedAt] = await Promise.all([
      readPayload(queue, connection, uuid),
      readFailureTime(queue, connection, uuid),
    ]);
    if (text === null || !payloadOf(text, group)) continue;
    count += 1;
    if (await hasFailureReason(queue, connection, uuid)) await deleteFailureEvents(queue, connection, new Set([uuid]));
    if (failedAt !== null && (await queue.remove(uuid)) === 1) continue;
    await clearJobPayload(queue, connection, { uuid, group, text });
  }
  return count;
}

/** Removes the text from a job of an episode, also from the reasons of failed attempts. @param job `text` is the payload as read */
export async function clearJobPayload(
  queue: Queue,
  connection: Redis,
  { uuid, group, text }: { readonly uuid: string; readonly group: string; readonly text: string },
): Promise<void> {
  const data: ForgottenJob = { version: 1, uuid, group, forgotten: true };
  await replacePayloadAndDropFailures(queue, connection, uuid, { from: text, to: JSON.stringify(data) });
}

/** The payload of a job, if it belongs to the group and was not forgotten. */
function payloadOf(text: string, group: string): JobIdentity | undefined {
  const data = parseJson(text) as (JobIdentity & { readonly group?: unknown }) | null | undefined;
  return data?.group === group && !isForgottenJob(data) ? data : undefined;
}

/**
 * The uuids of a group's matching episodes whose jobs are not done or are dead letters. A job that ends meanwhile has its episode in the graph.
 */
export async function findJobs(
  queue: Queue,
  connection: Redis,
  group: string,
  matches: (job: JobIdentity) => boolean,
): Promise<string[]> {
  const matchingIds: string[] = [];
  for await (const ids of listJobIds(queue, connection, 'unfinished')) {
    const payloads = await Promise.all(ids.map((id) => readPayload(queue, connection, id)));
    for (const [index, id] of ids.entries()) {
      const payload = payloadOf(payloads[index] ?? '', group);
      if (payload && matches(payload)) matchingIds.push(id);
    }
  }
  return matchingIds;
}

/** The parts of a payload that identify an episode. */
export interface JobIdentity {
  readonly uuid?: string;
  readonly name?: string;
  readonly saga?: string | null;
  readonly metadata?: unknown;
}
