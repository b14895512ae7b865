import type { Metadata } from '../episode.ts';
import { InvalidInput } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { episodesOfPassages, passagesOfEpisodes } from '../graph/queries/passages.ts';
import { embeddedText, textOf } from '../passages/passages.ts';
import { type Element, isNode, isVector } from './element.ts';

/** Of elements that have vectors: each vector's name and the text that it is the embedding of; null for none that is still there. */
export type EmbeddedTexts = ReadonlyMap<Element, ReadonlyMap<string, string | null>>;

const ANY = { text: 'true', params: {} };
/** Of so many episodes the texts are held at once. */
const EPISODES = 16;

/**
 * The texts behind the vectors of a page. A property `name_embedding` is that of `name`; what a passage's vector stands for lies in its episode.
 * @throws InvalidInput for a vector of which nobody knows the text
 */
export async function embeddedTexts(graph: GroupGraph, page: readonly Element[]): Promise<EmbeddedTexts> {
  const texts = new Map<Element, Map<string, string | null>>();
  const passages: Element[] = [];
  for (const element of page) {
    const { properties, types } = element;
    const names = Object.keys(properties).filter((name) => isVector(name, properties[name], types));
    if (names.length === 0) continue;
    if (isNode(element) && element.labels.includes('_PassageVector')) passages.push(element);
    else texts.set(element, new Map(names.map((name) => [name, textBehind(name, element)])));
  }
  const known = await passageTexts(graph, [...new Set(passages.map(({ properties }) => String(properties.episode)))]);
  for (const element of passages)
    texts.set(element, new Map([['embedding', known.get(String(element.properties.passage)) ?? null]]));
  return texts;
}

export function* textsIn(texts: EmbeddedTexts): Generator<string> {
  for (const named of texts.values()) for (const text of named.values()) if (text !== null) yield text;
}

function textBehind(name: string, { properties }: Element): string | null {
  const text = name.endsWith('_embedding') ? properties[name.slice(0, -'_embedding'.length)] : undefined;
  if (typeof text !== 'string')
    throw new InvalidInput(
      `The graph holds vectors "${name}" of which nobody knows the text, so that they cannot be made with another embedder.`,
    );
  return text === '' ? null : text;
}

async function passageTexts(graph: GroupGraph, episodes: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (let from = 0; from < episodes.length; from += EPISODES) {
    const some = episodes.slice(from, from + EPISODES);
    const passages = await passagesOfEpisodes(graph, some, ANY, Number.MAX_SAFE_INTEGER);
    const ofTools = new Set(passages.filter(({ source }) => source !== '').map(({ episode }) => episode));
    const rows = new Map((await episodesOfPassages(graph, some, [...ofTools])).map((row) => [row.uuid, row]));
    for (const passage of passages) {
      const row = rows.get(passage.episode);
      if (!row) continue;
      const metadata = row.metadata === null ? null : (JSON.parse(row.metadata) as Metadata);
      texts.set(passage.uuid, embeddedText(textOf(passage.source, row.content, metadata), passage));
    }
  }
  return texts;
}
