import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../../src/config.ts';
import { toyEmbedder } from './toy-embedder.ts';

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'memory-manager');
/** From the virtual environment that `npm run graphiti-core` creates. */
const PYTHON = join(CACHE, 'graphiti-core', 'bin', 'python');
const PROGRAM = fileURLToPath(new URL('real_graphiti.py', import.meta.url));

/** The real graphiti_core on this machine. */
export const isGraphitiThere = existsSync(PYTHON);
export const graphitiNote = isGraphitiThere ? '' : ' (skipped: `npm run graphiti-core` installs it)';

export interface PythonEpisode {
  readonly uuid: string;
  readonly content: string;
  readonly entity_edges: readonly string[];
}

export interface PythonFact {
  readonly uuid: string;
  readonly fact: string;
  readonly episodes: readonly string[];
}

interface PythonNode {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface ReadGraph {
  readonly entities: readonly PythonNode[];
  readonly episodes: readonly PythonEpisode[];
  readonly communities: readonly PythonNode[];
  readonly sagas: readonly PythonNode[];
  readonly facts: readonly PythonFact[];
  readonly mentions: readonly { readonly uuid: string }[];
  /** Number of entities and facts with a vector of the right dimension. */
  readonly vectors: number;
}

export interface SearchResult {
  /** By the names of graphiti_core's recipes. */
  readonly recipes: Readonly<
    Record<string, Readonly<Record<'facts' | 'entities' | 'episodes' | 'communities', readonly string[]>>>
  >;
  readonly search: readonly string[];
}

export interface AddedEpisode {
  readonly episode?: PythonEpisode;
  readonly entities: readonly PythonNode[];
  readonly facts: readonly PythonFact[];
}

/** The steps that `real_graphiti.py` supports. */
export type GraphitiStep =
  | { readonly do: 'read' }
  | { readonly do: 'search'; readonly query: string; readonly center?: string }
  | {
      readonly do: 'add_episode';
      readonly content: string;
      readonly source: 'message' | 'text' | 'json';
      readonly time: string;
      readonly saga?: string;
      readonly entities: readonly string[];
      readonly facts: readonly {
        readonly source_entity_name: string;
        readonly target_entity_name: string;
        readonly relation_type: string;
        readonly fact: string;
      }[];
    }
  | {
      readonly do: 'add_triplet';
      readonly source: string;
      readonly relation: string;
      readonly target: string;
      readonly fact: string;
    }
  | { readonly do: 'remove_episode'; readonly uuid: string };

/** @returns the result of each step. An error in graphiti_core's log fails the run. */
export async function runInPython(
  { falkordb }: Config,
  group: string,
  steps: readonly GraphitiStep[],
): Promise<unknown[]> {
  const { dimension } = toyEmbedder();
  const python = spawn(PYTHON, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'] });
  python.stdin.end(JSON.stringify({ host: falkordb.host, port: falkordb.port, group, dimension, steps }));
  const [printed, errorOutput, [status]] = await Promise.all([
    text(python.stdout),
    text(python.stderr),
    once(python, 'close') as Promise<[number | null]>,
  ]);
  if (status !== 0) throw new Error(`graphiti_core failed: ${errorOutput}`);
  const { answers, errors } = JSON.parse(printed) as { answers: unknown[]; errors: string[] };
  if (errors.length > 0) throw new Error(`graphiti_core logged errors: ${errors.join('\n')}`);
  return answers;
}
