import type { Message, MessageDecision } from './proxy.ts';
import { type StoryEpisode, uniqueName } from './story.ts';
import type { Proxies } from './testbed.ts';

// The only file that knows what the stages of a job look like on the wire. If a pattern no longer matches, the tests that wait for it
// fail.

/** The command that writes the raw episode. */
export const isRecord = ([command = '', graph, query = '']: Message, group: string): boolean =>
  command.toUpperCase() === 'GRAPH.QUERY' && graph === group && /MERGE \(\w+:Episodic\b/.test(query);

/** The first query of a commit. */
export const isBegin = ([command = '', graph, query = '']: Message, group: string): boolean =>
  command.toUpperCase() === 'GRAPH.RO_QUERY' && graph === group && query.includes("MATCH (m:_Meta {key: 'fence'})");

/** The one query that writes a commit. */
export const isWrite = ([command = '', graph, query = '']: Message, group: string): boolean =>
  command.toUpperCase() === 'GRAPH.QUERY' && graph === group && query.includes('SET p.entity_edges = x.facts');

/** The command that makes a commit visible to readers. */
export const isVersion = (message: Message, group: string): boolean =>
  !/^m?get$/i.test(message[0] ?? '') && message.some((word) => word.endsWith(`version:{${group}}`));

/** The command that completes the job. */
export const isAck = (message: Message, prefix: string, jobId: string): boolean =>
  message.includes(`${prefix}:store:completed`) && message.includes(`${prefix}:store:${jobId}`);

const isCall =
  (schema: string) =>
  ([text = '']: Message, word: string): boolean =>
    text.includes(`"name":"${schema}"`) && text.includes(word);

/** The model call that extracts an episode with this word. */
export const isExtract = isCall('extraction');
/** The model call that decides about names or facts with this word. */
export const isResolve = isCall('verdict');
/** The request for vectors of texts with this word. */
export const isEmbed = ([text = '']: Message, word: string): boolean =>
  /^POST \S*\/embeddings /.test(text) && text.includes(word);

/** A point of a job's path: before a command is sent, or after the server has carried it out. */
export interface Boundary {
  readonly stage: 'record' | 'extract' | 'resolve' | 'embed' | 'write' | 'version' | 'ack';
  readonly when: 'before' | 'after';
}

export const BOUNDARIES: readonly Boundary[] = (
  ['record', 'extract', 'embed', 'resolve', 'write', 'version', 'ack'] as const
).flatMap((stage) => (['before', 'after'] as const).map((when) => ({ stage, when })));

/** Calls `decide` when a job of a story reaches the boundary. */
export function interceptBoundary(
  { valkey, falkordb, model }: Proxies,
  { stage, when }: Boundary,
  {
    episodes,
    seed,
    prefix,
  }: { readonly episodes: readonly StoryEpisode[]; readonly seed: string; readonly prefix: string },
  decide: MessageDecision,
): void {
  const group = episodes[0]?.group ?? '';
  const word = uniqueName(seed, 'project');
  let isWritten = false;
  // The version is also replaced when the text is recorded; this waits for the replacement after the commit.
  if (stage === 'version')
    falkordb.intercept({
      matches: (command) => isWrite(command, group),
      after: () => {
        isWritten = true;
        return 'forward';
      },
    });
  const interceptions = {
    record: [falkordb, (message: Message) => isRecord(message, group)],
    extract: [model, (message: Message) => isExtract(message, word)],
    embed: [model, (message: Message) => isEmbed(message, word)],
    resolve: [model, (message: Message) => isResolve(message, word)],
    write: [falkordb, (message: Message) => isWrite(message, group)],
    version: [valkey, (message: Message) => isWritten && isVersion(message, group)],
    ack: [valkey, (message: Message) => episodes.some(({ uuid }) => isAck(message, prefix, uuid))],
  } as const;
  const [proxy, matches] = interceptions[stage];
  proxy.intercept({ matches, [when]: decide });
}
