import type { LanguageModel } from '../language-model.ts';
import type { Chat } from './chat.ts';
import { extractWithChat } from './extract.ts';
import { EXTRACT_VERSION } from './extraction-prompt.ts';
import { resolve } from './resolve.ts';
import { score } from './score.ts';
import { summarize } from './summarize.ts';

/** A language model on top of any provider's chat model: prompts, schemas and the reading of replies are the same for all. */
export function chatLanguageModel(chat: Chat): LanguageModel {
  return {
    id: `${chat.model}/${EXTRACT_VERSION}`,
    readsPrevious: true,
    resolves: true,
    extract: (episode, memo) => extractWithChat(chat, episode, memo),
    resolve: (undecided) => resolve(chat, undecided),
    summarize: (subjects) => summarize(chat, subjects),
    score: (query, passages) => score(chat, query, passages),
    close: async () => chat.close(),
  };
}
