import type { EpisodeText, Extraction, LanguageModel } from '../language-model.ts';
import { modelThread } from '../model-thread.ts';
import { localJudgement } from './judgement.ts';

const ID = 'local-rules-2';

/** Reads English by rules (`extract`), in a worker thread so that a large episode does not hold up the process. */
export function localLanguageModel(): LanguageModel {
  const thread = modelThread<EpisodeText, Extraction>('extraction-thread', import.meta.url, ID);
  return {
    ...localJudgement,
    id: ID,
    // Only what the rules read: functions, as a type's attributes hold them, cannot go to a thread.
    extract: ({ content, source, referenceTime }) => thread.ask({ content, source, referenceTime }),
    close: thread.close,
  };
}
