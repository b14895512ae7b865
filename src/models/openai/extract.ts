import { TextTooLongError } from '../../errors.ts';
import { fewAtOnce } from '../../few-at-once.ts';
import { NO_ONTOLOGY } from '../../ontology.ts';
import { type EpisodeText, type Extraction, NO_MEMO, type PartMemo, type TokenUse } from '../language-model.ts';
import { ask } from './ask.ts';
import type { Chat } from './chat.ts';
import { splitText } from './cut.ts';
import { EXTRACTION_REPLY, extractionSchema } from './extraction-schema.ts';
import { joinExtractions } from './join.ts';
import { extractionInstructions, extractionMaterial } from './prompts/extract.ts';
import { notesLeftOut, readExtraction } from './read-extraction.ts';
import { shaped } from './reply.ts';

/** Characters; what a model writes about more takes it longer than a call may. */
const LONGEST_PART = 10_000;
/** A part that is too long at this length is not cut further: the model cannot read at all. */
const SHORTEST_PART = 500;
/** Calls at once for one episode; the worker reads other episodes beside it. */
const AT_ONCE = 3;
/** Characters of the part before that a part is shown, to tell whom a pronoun means. */
const TAIL = 800;

/**
 * Reads an episode in one call, or a long one in one call for each part. A part that the model finds too long is read in halves.
 * @param memo what was read of parts before, when another part failed: those are not asked again
 * @throws UnusableReplyError, ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function extract(chat: Chat, episode: EpisodeText, memo: PartMemo = NO_MEMO): Promise<Extraction> {
  const contents = splitText(episode.content, episode.source, LONGEST_PART);
  const parts = contents.map((content, index) => {
    const before = contents[index - 1];
    const previous = before ? [{ content: tail(before), referenceTime: episode.referenceTime }] : episode.previous;
    return { ...episode, content, previous };
  });
  if (parts.length === 1) return extractPart(chat, episode, undefined, memo);
  // Parts under way are waited for also when one has failed: their answers are paid for.
  const read = await fewAtOnce([...parts.entries()], AT_ONCE, async ([index, part]) => {
    const known = await memo.get(part.content);
    if (known) return known;
    const extraction = await extractPart(chat, part, `${index + 1} of ${parts.length}`, memo);
    await memo.keep(part.content, extraction);
    return extraction;
  });
  return joinExtractions(read);
}

async function extractPart(
  chat: Chat,
  episode: EpisodeText,
  part: string | undefined,
  memo: PartMemo,
): Promise<Extraction> {
  const { ontology = NO_ONTOLOGY, referenceTime, content, source } = episode;
  try {
    const { value, use } = await ask(chat, {
      purpose: 'extract',
      instructions: extractionInstructions(ontology),
      material: extractionMaterial(episode, part),
      schema: extractionSchema(ontology),
      read: shaped(EXTRACTION_REPLY),
    });
    const read = readExtraction(value, ontology, referenceTime, content);
    return { ...read, use: withRowsDropped(use, notesLeftOut(value, read)) };
  } catch (error) {
    if (!(error instanceof TextTooLongError) || content.length <= SHORTEST_PART) throw error;
    const halves: Extraction[] = [];
    for (const half of splitText(content, source, Math.ceil(content.length / 2) + 1)) {
      const known = await memo.get(half);
      const read = known ?? (await extractPart(chat, { ...episode, content: half, previous: [] }, part, memo));
      if (!known) await memo.keep(half, read);
      halves.push(read);
    }
    return joinExtractions(halves);
  }
}

/** Counted with the call that gave them. */
function withRowsDropped(use: readonly TokenUse[], dropped: number): readonly TokenUse[] {
  const last = use.at(-1);
  return dropped === 0 || !last ? use : use.with(-1, { ...last, rowsDropped: (last.rowsDropped ?? 0) + dropped });
}

function tail(text: string): string {
  const end = text.slice(-TAIL);
  return /^[\uDC00-\uDFFF]/.test(end) ? end.slice(1) : end;
}
