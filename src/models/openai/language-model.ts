import type { OpenAISettings } from '../../config.ts';
import type { LanguageModel } from '../language-model.ts';
import { openChat } from './chat.ts';
import { type ConnectionOptions, openConnection } from './connection.ts';
import { extract } from './extract.ts';
import { EXTRACT_VERSION } from './prompts/extract.ts';
import { resolve } from './resolve.ts';
import { score } from './score.ts';
import { summarize } from './summarize.ts';

const NAMES = { model: 'MEMORY_LLM_MODEL', address: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY' };

/** A model of OpenAI or of a server that speaks its protocol (`/chat/completions`). Nothing is asked before it is needed. */
export function openaiLanguageModel(settings: OpenAISettings, options?: ConnectionOptions): LanguageModel {
  const chat = openChat(openConnection(settings, settings.model, NAMES, options));
  return {
    id: `${settings.model}/${EXTRACT_VERSION}`,
    readsPrevious: true,
    resolves: true,
    extract: (episode, memo) => extract(chat, episode, memo),
    resolve: (undecided) => resolve(chat, undecided),
    summarize: (subjects) => summarize(chat, subjects),
    score: (query, passages) => score(chat, query, passages),
    close: async () => chat.close(),
  };
}
