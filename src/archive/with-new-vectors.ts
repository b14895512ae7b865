import { ArchiveDamaged } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type Element, isNode, type Properties } from './element.ts';
import { embeddedTexts, textsIn } from './embedded-texts.ts';
import { openGraphHash } from './graph-hash.ts';
import type { NewVectors } from './new-vectors.ts';

/**
 * The elements of a graph with the vectors of another embedder.
 * @param notes our own, which take the place of those of the same keys
 * @throws ArchiveDamaged when anything else would become another
 */
export async function* withNewVectors(
  graph: GroupGraph,
  pages: AsyncIterable<Element[]>,
  vectors: NewVectors,
  notes: readonly Properties[],
): AsyncGenerator<Element[]> {
  const [before, after] = [0, 1].map(() => openGraphHash(graph.group, ['vectorless']));
  const isNoted = (element: Element) =>
    isNode(element) && element.labels.includes('_Meta') && notes.some(({ key }) => key === element.properties.key);
  yield notes.map((properties) => ({ labels: ['_Meta'], properties }));
  for await (const page of pages) {
    const texts = await embeddedTexts(graph, page);
    const made = await vectors.of(textsIn(texts));
    const elements: Element[] = [];
    for (const element of page) {
      if (isNoted(element)) continue;
      const named = texts.get(element) ?? new Map<string, string | null>();
      const withText = withoutUntold(element, named);
      if (!withText) continue;
      const changed = { ...withText, properties: { ...withText.properties, ...vectorsFor(named, made) } };
      before?.add(withText);
      after?.add(changed);
      elements.push(changed);
    }
    yield elements;
  }
  if (before?.result().vectorless !== after?.result().vectorless)
    throw new ArchiveDamaged(`Something else than vectors would have become another in the memory "${graph.group}".`);
}

/** Without vectors of texts that are gone or empty; undefined for what is nothing else. */
function withoutUntold(element: Element, named: ReadonlyMap<string, string | null>): Element | undefined {
  if (![...named.values()].includes(null)) return element;
  if (isNode(element) && element.labels.includes('_PassageVector')) return undefined;
  const kept = Object.entries(element.properties).filter(([name]) => named.get(name) !== null);
  return { ...element, properties: Object.fromEntries(kept) };
}

function vectorsFor(
  named: ReadonlyMap<string, string | null>,
  made: ReadonlyMap<string, readonly number[]>,
): Record<string, readonly number[]> {
  const vectors: Record<string, readonly number[]> = {};
  for (const [name, text] of named) if (text !== null) vectors[name] = made.get(text) ?? [];
  return vectors;
}
