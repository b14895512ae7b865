import { NO_ONTOLOGY } from '../../ontology.ts';
import type { EpisodeText, Extraction } from '../language-model.ts';
import { ask } from './ask.ts';
import type { Chat } from './chat.ts';
import { cutText } from './cut.ts';
import { EXTRACTION_REPLY, extractionSchema } from './extraction-schema.ts';
import { joinExtractions } from './join.ts';
import { extractionInstructions, extractionMaterial } from './prompts/extract.ts';
import { readExtraction } from './read-extraction.ts';
import { shaped } from './reply.ts';

/** Characters; what a model writes about more takes it longer than a call may. */
const LONGEST_PART = 10_000;
/** Calls at once for one episode; the worker reads other episodes beside it. */
const AT_ONCE = 3;
/** Characters of the part before that a part is shown, to tell whom a pronoun means. */
const TAIL = 800;

/**
 * Reads an episode in one call, or a long one in one call for each part.
 * @throws ReplyUnusable, ModelAway, ModelFailed, ModelBusy, ConfigError
 */
export async function extract(chat: Chat, episode: EpisodeText): Promise<Extraction> {
  const contents = cutText(episode.content, episode.source, LONGEST_PART);
  const parts = contents.map((content, index) => {
    const before = contents[index - 1];
    const previous = before ? [{ content: tail(before), referenceTime: episode.referenceTime }] : episode.previous;
    return { ...episode, content, previous };
  });
  const read: Extraction[] = new Array(parts.length);
  const left = parts.entries();
  let failed = false;
  const readOn = async () => {
    for (const [index, part] of left) {
      if (failed) return;
      read[index] = await extractPart(chat, part, parts.length > 1 ? `${index + 1} of ${parts.length}` : undefined);
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, parts.length) }, () =>
      readOn().catch((error) => {
        failed = true;
        throw error;
      }),
    ),
  );
  return joinExtractions(read);
}

async function extractPart(chat: Chat, episode: EpisodeText, part: string | undefined): Promise<Extraction> {
  const { ontology = NO_ONTOLOGY, referenceTime } = episode;
  const { value, use } = await ask(chat, {
    purpose: 'extract',
    instructions: extractionInstructions(ontology),
    material: extractionMaterial(episode, part),
    schema: extractionSchema(ontology),
    read: shaped(EXTRACTION_REPLY),
  });
  return { ...readExtraction(value, ontology, referenceTime), use };
}

function tail(text: string): string {
  const end = text.slice(-TAIL);
  return /^[\uDC00-\uDFFF]/.test(end) ? end.slice(1) : end;
}
