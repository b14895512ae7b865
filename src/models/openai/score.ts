import * as z from 'zod/mini';
import type { Scores } from '../language-model.ts';
import { ask } from './ask.ts';
import type { Chat } from './chat.ts';
import { byNumber } from './numbered.ts';
import { SCORE_INSTRUCTIONS, scoreMaterial } from './prompts/score.ts';
import { numberLike, type Reader, rows, shaped } from './reply.ts';
import { list, type NamedSchema, NUMBER, object, WHOLE } from './schema.ts';

const SCHEMA: NamedSchema = {
  name: 'scores',
  schema: object({ scores: list(object({ passage: WHOLE, score: NUMBER })) }),
};
const REPLY = z.object({ scores: rows(z.object({ passage: numberLike, score: numberLike })) });

/**
 * Scores all passages in one call. A passage that the reply leaves out has 0.
 * @throws UnusableReplyError also when no passage is scored; ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function score(chat: Chat, query: string, passages: readonly string[]): Promise<Scores> {
  if (passages.length === 0) return { scores: [] };
  const { value, use } = await ask(chat, {
    purpose: 'score',
    instructions: SCORE_INSTRUCTIONS,
    material: scoreMaterial(query, passages),
    schema: SCHEMA,
    read: readScores(passages.length),
  });
  return { scores: value, use };
}

function readScores(count: number): Reader<number[]> {
  return (value) => {
    const reading = shaped(REPLY)(value);
    if (!reading.fits) return reading;
    const given = byNumber(reading.value.scores, ({ passage }) => passage);
    const places = Array.from({ length: count }, (_, index) => index + 1);
    if (!places.some((place) => given.has(place))) return { fits: false, problem: 'no passage is scored' };
    return { ...reading, value: places.map((place) => Math.min(Math.max(given.get(place)?.score ?? 0, 0), 1)) };
  };
}
