import type { EpisodeText, Extraction, LanguageModel } from '../language-model.ts';
import { modelThread } from './model-thread.ts';

const ID = 'local-rules-1';

/** Reads English by rules (`extract`), in a worker thread so that a large episode does not hold up the process. */
export function localLanguageModel(): LanguageModel {
  const thread = modelThread<EpisodeText, Extraction>('extraction-thread', ID);
  return { id: ID, extract: thread.ask, close: thread.close };
}
