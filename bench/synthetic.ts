import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { derivedUuid } from '../src/derived-uuid.ts';
import { type NewEntity, type NewFact, NO_CHANGES } from '../src/graph/commit-changes.ts';
import type { GroupGraph } from '../src/graph/group-graph.ts';
import { commit } from '../src/graph/queries/commit.ts';
import { readFence } from '../src/graph/queries/fence.ts';
import { writeEmbedder } from '../src/graph/queries/meta-nodes.ts';
import { indexUuids } from '../src/graph/queries/restore.ts';
import { SCHEMA } from '../src/graph/schema.ts';
import type { Embedder } from '../src/models/embedder.ts';
import { toGraphTime } from '../src/time.ts';

export const DIMENSION = 512;
const CLUSTERS = 300;
const BATCH = 250;

/** The same numbers in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Texts and vectors for graphs of any size: word frequencies of a real change log, vectors in clusters like those of real texts. */
export interface SyntheticData {
  words(count: number): string;
  vector(): number[];
}

export function syntheticData(seed: number): SyntheticData {
  const random = randomNumbers(seed);
  const log = createRequire(import.meta.url)
    .resolve('axios/package.json')
    .replace('package.json', 'CHANGELOG.md');
  const vocabulary =
    readFileSync(log, 'utf8')
      .replace(/\(?https?:\S+|<[^>]*>/g, ' ')
      .match(/[A-Za-z]{3,}/g) ?? [];
  const centres = Array.from({ length: CLUSTERS }, () => Array.from({ length: DIMENSION }, () => random() * 2 - 1));
  return {
    words: (count) =>
      Array.from({ length: count }, () => vocabulary[Math.floor(random() * vocabulary.length)] ?? '').join(' '),
    vector() {
      const centre = centres[Math.floor(random() * CLUSTERS)] ?? [];
      return unit(centre.map((component) => component + (random() * 2 - 1) * 0.8));
    },
  };
}

/** An embedder that takes no time: it returns the next vector, regardless of the text. */
export function freeEmbedder(source: SyntheticData): Embedder {
  // Generated beforehand, because generating a vector takes longer than a cached answer.
  const ready = Array.from({ length: 1000 }, () => source.vector());
  let next = 0;
  return {
    model: 'synthetic',
    dimension: DIMENSION,
    embed: async (texts) => texts.map(() => ready[next++ % ready.length] ?? []),
    close: async () => {},
  };
}

/**
 * Fills a graph with `facts` facts between half as many entities, through our own commit.
 * @param isSearchable false: without search indexes, which take most of the time
 */
export async function fillGraph(
  graph: GroupGraph,
  source: SyntheticData,
  facts: number,
  onProgress: (done: number) => void,
  isSearchable = true,
) {
  if (isSearchable) await graph.prepare(freeEmbedder(source));
  else {
    await indexUuids(graph, 'Entity');
    await writeEmbedder(graph, freeEmbedder(source), SCHEMA);
  }
  const random = randomNumbers(facts);
  const entities = Array.from({ length: facts / 2 }, (_, index) => derivedUuid('bench', String(index)));
  const pick = (share: number) => entities[Math.floor(share * entities.length)] ?? '';
  for (let done = 0; done < facts; done += BATCH) {
    const newEntities = entities
      .slice(done / 2, (done + BATCH) / 2)
      .map((uuid, index) => entity(uuid, done / 2 + index, source));
    await write(graph, { newEntities });
  }
  for (let done = 0; done < facts; done += BATCH) {
    // As in real graphs, a few entities have many facts and most have few.
    const newFacts = Array.from({ length: BATCH }, (_, index) =>
      fact(done + index, pick(random() ** 3), pick(random()), random(), source),
    );
    await write(graph, { newFacts });
    await writeEpisodes(graph, done, newFacts);
    onProgress(done + BATCH);
  }
}

async function write(graph: GroupGraph, part: { newEntities?: NewEntity[]; newFacts?: NewFact[] }): Promise<void> {
  const seen = await readFence(graph);
  await commit(graph, { ...NO_CHANGES, ...part, fence: 1, seen, now: toGraphTime(new Date()) });
}

/** One raw episode for every ten facts, with the facts in three paragraphs. */
async function writeEpisodes(graph: GroupGraph, done: number, facts: readonly NewFact[]) {
  const episodes = Array.from({ length: facts.length / 10 }, (_, index) => {
    const own = facts.slice(index * 10, index * 10 + 10);
    return {
      uuid: derivedUuid('bench-episode', String(done / 10 + index)),
      name: 'episode',
      group_id: graph.group,
      source: 'text',
      source_description: 'bench',
      content: [own.slice(0, 3), own.slice(3, 6), own.slice(6)].map(paragraph).join('\n\n'),
      entity_edges: own.map(({ uuid }) => uuid),
      created_at: toGraphTime(new Date()),
      valid_at: own[0]?.validAt ?? '',
    };
  });
  await graph.write('UNWIND $episodes AS x CREATE (p:Episodic) SET p = x', { episodes });
}

const paragraph = (facts: readonly NewFact[]): string =>
  facts.map(({ fact: text }) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`).join(' ');

const entity = (uuid: string, index: number, source: SyntheticData): NewEntity => ({
  uuid,
  name: `${source.words(2)} ${index}`,
  label: index % 3 === 0 ? 'Product' : 'Entity',
  summary: '',
  attributes: {},
  embedding: source.vector(),
});

function fact(index: number, from: string, to: string, share: number, source: SyntheticData): NewFact {
  const began = toGraphTime(new Date(Date.UTC(2020, 0, 1) + Math.floor(share * 2000) * 86_400_000));
  return {
    uuid: derivedUuid('bench-fact', String(index)),
    source: from,
    target: to,
    relation: 'USES',
    fact: source.words(12),
    episodes: [derivedUuid('bench-episode', String(Math.floor(index / 10)))],
    validAt: began,
    invalidAt: null,
    expiredAt: null,
    referenceTime: began,
    createdAt: began,
    attributes: {},
    embedding: source.vector(),
  };
}

function unit(vector: number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((component) => Number((component / length).toFixed(6)));
}
