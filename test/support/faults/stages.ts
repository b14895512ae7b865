import type { Proxies } from './laboratory.ts';
import type { Act, Message } from './proxy.ts';
import { nameOf, type StoryEpisode } from './story.ts';

// The one place that knows what the stages of a job look like on the wire. A pattern that no longer fits makes the tests fail
// that wait for it.

/** The command that writes the raw episode. */
export const isRecord = ([command = '', graph, query = '']: Message, group: string): boolean =>
  command.toUpperCase() === 'GRAPH.QUERY' && graph === group && /MERGE \(\w+:Episodic\b/.test(query);

/** The query with which a commit begins to read. */
export const isBegin = ([command = '', graph, query = '']: Message, group: string): boolean =>
  command.toUpperCase() === 'GRAPH.RO_QUERY' && graph === group && query.includes("MATCH (m:_Meta {key: 'fence'})");

/** The one query that writes a commit. */
export const isWrite = ([command = '', graph, query = '']: Message, group: string): boolean =>
  command.toUpperCase() === 'GRAPH.QUERY' && graph === group && query.includes('SET p.entity_edges = x.facts');

/** Readers see the commit from then on. */
export const isVersion = (message: Message, group: string): boolean =>
  !/^m?get$/i.test(message[0] ?? '') && message.some((word) => word.endsWith(`version:{${group}}`));

/** The job is done. */
export const isAck = (message: Message, prefix: string, jobId: string): boolean =>
  message.includes(`${prefix}:store:completed`) && message.includes(`${prefix}:store:${jobId}`);

const isCall =
  (schema: string) =>
  ([text = '']: Message, word: string): boolean =>
    text.includes(`"name":"${schema}"`) && text.includes(word);

/** The model is asked what an episode with this word says. */
export const isExtract = isCall('extraction');
/** The model is asked about names or facts, one of which has this word. */
export const isResolve = isCall('verdict');
/** Vectors of texts with this word are asked for. */
export const isEmbed = ([text = '']: Message, word: string): boolean =>
  /^POST \S*\/embeddings /.test(text) && text.includes(word);

/** At which point of its way a job is met. */
export interface Boundary {
  readonly stage: 'record' | 'extract' | 'resolve' | 'embed' | 'write' | 'version' | 'ack';
  readonly when: 'before' | 'after';
}

export const BOUNDARIES: readonly Boundary[] = (
  ['record', 'extract', 'embed', 'resolve', 'write', 'version', 'ack'] as const
).flatMap((stage) => (['before', 'after'] as const).map((when) => ({ stage, when })));

/** Does `act` when a job of a story comes to the boundary. */
export function watchBoundary(
  { valkey, falkordb, model }: Proxies,
  { stage, when }: Boundary,
  { told, seed, prefix }: { readonly told: readonly StoryEpisode[]; readonly seed: string; readonly prefix: string },
  act: Act,
): void {
  const group = told[0]?.group ?? '';
  const word = nameOf(seed, 'project');
  let isWritten = false;
  // The version is also raised when the raw text is there; meant is the one after the write.
  if (stage === 'version')
    falkordb.watch({
      isMeant: (command) => isWrite(command, group),
      after: () => {
        isWritten = true;
        return 'forward';
      },
    });
  const meant = {
    record: [falkordb, (it: Message) => isRecord(it, group)],
    extract: [model, (it: Message) => isExtract(it, word)],
    embed: [model, (it: Message) => isEmbed(it, word)],
    resolve: [model, (it: Message) => isResolve(it, word)],
    write: [falkordb, (it: Message) => isWrite(it, group)],
    version: [valkey, (it: Message) => isWritten && isVersion(it, group)],
    ack: [valkey, (it: Message) => told.some(({ uuid }) => isAck(it, prefix, uuid))],
  } as const;
  const [proxy, isMeant] = meant[stage];
  proxy.watch({ isMeant, [when]: act });
}
