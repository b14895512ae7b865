import { EmbedderMismatchError } from '../errors.ts';
import type { Task } from '../queue/jobs.ts';
import { type CommunityBuildResult, openCommunityBuilder } from './communities.ts';
import { markRuleConfirmed, markRulesEnded } from './confirm-rule.ts';
import { cutPassages } from './cut-passages.ts';
import { summarizeLongEntities } from './long-entities.ts';
import { generateSagaSummary, type SagaSummary } from './saga.ts';
import type { UpkeepParts } from './write-under-lease.ts';

export type TaskResult = CommunityBuildResult | SagaSummary | { readonly entities: number } | object;

/** Tasks on a graph other than ingestion. Every write is under the group's lease; models are called before it is taken. */
export interface Upkeep {
  /**
   * Repeating a task changes nothing.
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
  // Another worker may have this embedder, or this worker after a change of settings.
  if (!reembed || embedder.model !== model || embedder.dimension !== dimension)
    throw new EmbedderMismatchError(
      `The memory "${group}" is being changed to the embedder ${model} (${dimension} dimensions), but a worker embeds with ${embedder.model} (${embedder.dimension}); start a worker with the new settings.`,
    );
  return reembed(group);
}

export function openUpkeep(parts: UpkeepParts): Upkeep {
  const buildCommunities = openCommunityBuilder(parts);
  return {
    async run(group, task) {
      switch (task.kind) {
        case 'communities':
          return buildCommunities(group);
        case 'summarize-saga':
          return generateSagaSummary(parts, group, task.saga);
        case 'summaries':
          return { entities: await summarizeLongEntities(parts, group) };
        case 'passages':
          return cutPassages(parts, group);
        case 'forget':
          return parts.forgetting.forget(group, task);
        case 'expire':
          return parts.forgetting.expire(group);
        case 'redact':
          return parts.forgetting.redact(group);
        case 'forget-group':
          return parts.forgetting.forgetGroup(group);
        case 'confirm':
          return markRuleConfirmed(parts, group, task.episode);
        case 'unpin':
          return markRulesEnded(parts, group, task.episode, task.rules);
        case 'archive-forgotten':
          return parts.forgetting.archive(group);
        case 'reembed':
          return reembed(parts, group, task);
      }
    },
  };
}
