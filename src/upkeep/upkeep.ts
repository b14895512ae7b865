import { EmbedderMismatchError } from '../errors.ts';
import type { Task } from '../queue/jobs.ts';
import { type BuiltCommunities, openCommunities } from './communities.ts';
import { confirmRule } from './confirm.ts';
import { summarizeLongEntities } from './long-entities.ts';
import { cutPassages } from './passages.ts';
import { summarizeSaga, type ToldSaga } from './saga.ts';
import type { UpkeepParts } from './write-under-lease.ts';

export type TaskResult = BuiltCommunities | ToldSaga | { readonly entities: number } | object;

/** Tasks on a graph other than ingestion. Every write is under the group's lease; models are called before it is taken. */
export interface Upkeep {
  /**
   * Doing it again changes nothing.
   * @throws StoreUnreachableError, StaleFenceError, ModelFailedError, ModelBusyError, TimedOutError (tried again); EmbedderMismatchError, InvalidInputError,
   *         UnusableReplyError
   */
  run(group: string, task: Task): Promise<TaskResult>;
}

function reembed(
  { embedder, reembed }: UpkeepParts,
  group: string,
  { model, dimension }: Extract<Task, { kind: 'reembed' }>,
): Promise<object> {
  // Another worker may have it; or this one will, with other settings.
  if (!reembed || embedder.model !== model || embedder.dimension !== dimension)
    throw new EmbedderMismatchError(
      `The memory "${group}" is to have the embedder ${model} (${dimension} dimensions), and a worker embeds with ${embedder.model} (${embedder.dimension}); start one with the new settings.`,
    );
  return reembed(group);
}

export function openUpkeep(parts: UpkeepParts): Upkeep {
  const buildCommunities = openCommunities(parts);
  return {
    async run(group, task) {
      switch (task.kind) {
        case 'communities':
          return buildCommunities(group);
        case 'summarize-saga':
          return summarizeSaga(parts, group, task.saga);
        case 'summaries':
          return { entities: await summarizeLongEntities(parts, group) };
        case 'passages':
          return cutPassages(parts, group);
        case 'forget':
          return parts.forgetting.forget(group, task);
        case 'confirm':
          return confirmRule(parts, group, task.episode);
        case 'archive-forgotten':
          return parts.forgetting.archive(group);
        case 'reembed':
          return reembed(parts, group, task);
      }
    },
  };
}
