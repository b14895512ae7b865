import * as z from 'zod/mini';
import { shortened, wholeSentences } from '../../text.ts';
import type { Subject, Summaries, Summary } from '../language-model.ts';
import { ask } from './ask.ts';
import type { Chat } from './chat.ts';
import { cleanLine } from './clean.ts';
import { byNumber } from './numbered.ts';
import { SUMMARIZE_INSTRUCTIONS, summarizeMaterial } from './prompts/summarize.ts';
import { numberLike, type Reader, rows, shaped } from './reply.ts';
import { list, type NamedSchema, object, TEXT, WHOLE } from './schema.ts';

const LONGEST_SUMMARY = 1000;
const LONGEST_TITLE = 60;

const SCHEMA: NamedSchema = {
  name: 'summaries',
  schema: object({ summaries: list(object({ subject: WHOLE, title: TEXT, text: TEXT })) }),
};
const REPLY = z.object({
  summaries: rows(z.object({ subject: numberLike, title: z.catch(z.string(), ''), text: z.string() })),
});

/**
 * Summarizes all subjects in one call. A community is named by the model, everything else keeps its name.
 * @throws UnusableReplyError also when a subject is left out; ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function summarize(chat: Chat, subjects: readonly Subject[]): Promise<Summaries> {
  if (subjects.length === 0) return { summaries: [] };
  const { value, use } = await ask(chat, {
    purpose: 'summarize',
    instructions: SUMMARIZE_INSTRUCTIONS,
    material: summarizeMaterial(subjects),
    schema: SCHEMA,
    read: readSummaries(subjects),
  });
  return { summaries: value, use };
}

function readSummaries(subjects: readonly Subject[]): Reader<Summary[]> {
  return (value) => {
    const reading = shaped(REPLY)(value);
    if (!reading.fits) return reading;
    const byNumberOfSubject = byNumber(reading.value.summaries, ({ subject }) => subject);
    const summaries = subjects.map((subject, index): Summary => {
      const { title = '', text = '' } = byNumberOfSubject.get(index + 1) ?? {};
      const kept = wholeSentences(cleanLine(text, Number.POSITIVE_INFINITY), LONGEST_SUMMARY);
      return { title: titleOf(subject, cleanLine(title, LONGEST_TITLE), kept), text: kept };
    });
    const missing = summaries.findIndex(({ text }) => text === '');
    return missing < 0
      ? { ...reading, value: summaries }
      : { fits: false, problem: `there is no summary of subject ${missing + 1}` };
  };
}

function titleOf({ kind, name }: Subject, title: string, text: string): string {
  const given = kind === 'community' ? title || name : name || title;
  return given || shortened(text, LONGEST_TITLE);
}
