import type { EpisodeText, Extraction } from '../language-model.ts';
import { addFacts } from './facts.ts';
import { Gathering } from './gathering.ts';
import type { Heading } from './headings.ts';
import { parsedDocument, readDocument } from './json-document.ts';
import { certainNames } from './mentions.ts';
import { read } from './reading.ts';
import { type Topic, topicOf } from './topics.ts';

/**
 * Reads an English text, dialogue, changelog or JSON document by rules: the things it names and the dated facts it states
 * between them. Never throws; the same episode always gives the same answer.
 */
export function extract(episode: EpisodeText): Extraction {
  const document = episode.source === 'json' ? parsedDocument(episode.content) : undefined;
  const gathering = new Gathering();
  if (document !== undefined) readDocument(document, gathering, episode.referenceTime);
  else readText(episode, gathering);
  return gathering.result();
}

function readText(episode: EpisodeText, gathering: Gathering): void {
  const sentences = read(episode);
  const known = new Set(sentences.flatMap((sentence) => certainNames(sentence.tokens)));
  const topics = new Map<readonly Heading[], Topic | null>();
  for (const sentence of sentences) {
    const { headings } = sentence.block;
    if (!topics.has(headings)) topics.set(headings, topicOf(headings, known, episode.referenceTime));
    addFacts(gathering, sentence, topics.get(headings) ?? null, known, episode.referenceTime);
    if (gathering.isFull) return;
  }
}
