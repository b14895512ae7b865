import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { newEpisode } from '../../../src/episode.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { Embedder } from '../../../src/models/embedder.ts';
import type { ExtractedFact, Extraction } from '../../../src/models/language-model.ts';
import { useStoreConnections } from '../store-connections.ts';
import { newGroup, useStores } from '../stores.ts';
import { checklist } from './checklist.ts';
import { type ScriptedDecisions, scriptedModel } from './scripted-model.ts';

/** All vectors are equal, so every element is a candidate. */
export const sameVectorEmbedder: Embedder = {
  model: 'sameVectorEmbedder',
  dimension: 4,
  embed: async (texts) => texts.map(() => [1, 0, 0, 0]),
  async close() {},
};

/** All sentences have equal vectors; names are near nothing. */
const PEOPLE = ['Alice', 'Bob', 'Tea', 'Coffee'];
export const sameFactVectorEmbedder: Embedder = {
  ...sameVectorEmbedder,
  embed: async (texts) =>
    texts.map((text) => (PEOPLE.includes(text) ? PEOPLE.map((name) => Number(name === text)) : [0.5, 0.5, 0.5, 0.5])),
};

interface ScriptedEpisode extends Partial<Extraction> {
  /** Month of the reference time. */
  readonly at?: string;
}

interface IngestOptions {
  /** Runs on the prepared graph before the first episode. */
  readonly before?: (graph: GroupGraph) => Promise<unknown>;
  /** Runs after each episode. */
  readonly after?: (graph: GroupGraph) => Promise<unknown>;
  readonly embedder?: Embedder;
}

/** Servers for the test file, and a function that ingests a model's extractions into a new group, one episode at a time. */
export function useScriptedIngest() {
  const stores = useStores();
  const opened = useStoreConnections(stores);

  async function ingestExtractions(
    episodes: readonly ScriptedEpisode[],
    decisions: ScriptedDecisions = {},
    { before, after, embedder = sameVectorEmbedder }: IngestOptions = {},
  ): Promise<{ graph: GroupGraph; uuids: string[]; asked: ReturnType<typeof scriptedModel>['asked']; config: Config }> {
    const graph = opened.graphs.group(newGroup());
    const model = scriptedModel(
      Object.fromEntries(episodes.map((extraction, place) => [`episode ${place}`, extraction])),
      decisions,
    );
    if (before) {
      await graph.prepare(embedder);
      await before(graph);
    }
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, { model, embedder });
    const uuids = episodes.map(() => randomUUID());
    for (const [place, { at = '2025-01' }] of episodes.entries()) {
      const options = { uuid: uuids[place] ?? '', referenceTime: month(at) };
      await ingest(newEpisode(`episode ${place}`, null, graph.group, 1000, options));
      await after?.(graph);
    }
    expect(await checklist(graph)).toEqual([]);
    return { graph, uuids, asked: model.asked, config: { ...stores.config, group: graph.group } };
  }
  return ingestExtractions;
}

const month = (text: string): Date => new Date(`${text}-01T00:00:00Z`);

/** Entities named `Alice` or, with a type, `Alice/Person`. */
export const namedEntities = (...names: string[]): Partial<Extraction> => ({
  entities: names.map((name) => {
    const [given = '', type = 'Entity'] = name.split('/');
    return { name: given, type };
  }),
});

/** `Alice likes Tea` from a month to a month. */
export const dated = (
  fact: string,
  validAt: string | null = null,
  invalidAt: string | null = null,
): Partial<Extraction> => {
  const [source = '', relation = '', target = ''] = fact.split(' ');
  const found: ExtractedFact = {
    ...{ source, target, fact, relation: relation.toUpperCase() },
    ...{ validAt: validAt === null ? null : month(validAt), invalidAt: invalidAt === null ? null : month(invalidAt) },
  };
  return { ...namedEntities(source, target), facts: [found] };
};

/** The first fact of an extraction. */
export function firstFactOf({ facts: [first] = [] }: Partial<Extraction>): ExtractedFact {
  return first as ExtractedFact;
}
