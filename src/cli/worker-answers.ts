import { AsyncLocalStorage } from 'node:async_hooks';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { RECALL } from '../agents/hooks/ask-recall.ts';
import { openRecallsForHooks } from '../agents/hooks/recall-for-others.ts';
import { type Config, loadConfig } from '../config.ts';
import { MemoryManager } from '../memory.ts';
import { modelSettingsOf } from '../models/declarations.ts';
import type { Embedder } from '../models/embedder.ts';
import { NOTHING_KNOWN } from '../reader/format.ts';
import { printable } from '../text.ts';
import type { AnswerQuestion, Environment } from '../worker-socket/serve.ts';
import { QUERY } from './ask-query.ts';
import { AUTO_GROUP } from './auto-group.ts';
import { parseCall } from './command.ts';
import { command, readQuery } from './query.ts';
import { unknownSettings } from './startup/unknown-settings.ts';

export interface WorkerAnswers {
  readonly answers: Readonly<Record<string, AnswerQuestion>>;
  close(): Promise<void>;
}

/** What a worker answers on its socket, so that commands and hooks of this machine need not load and connect everything themselves. */
export function openWorkerAnswers(config: Config, embedder: Embedder): WorkerAnswers {
  const recalls = openRecallsForHooks(config);
  const queries = openQueries(config, embedder);
  return {
    answers: {
      [RECALL]: async (body, environment) =>
        isDeepStrictEqual(serversOf(loadConfig(environment)), serversOf(config)) ? recalls.answer(body) : undefined,
      [QUERY]: async (body, environment) => {
        const text = await queries.answer(argsShape.parse(body).args, environment);
        return text === undefined ? undefined : { answer: text };
      },
    },
    async close() {
      await Promise.all([recalls.close(), queries.close()]);
    },
  };
}

/** The settings on which the answer to a hook depends. */
const serversOf = ({ valkey, falkordb, queuePrefix, home }: Config) => ({ valkey, falkordb, queuePrefix, home });

/** Those of a query, which also embeds the question. */
const searchSettingsOf = (config: Config) => ({ ...serversOf(config), ...modelSettingsOf(config) });

const argsShape = z.object({ args: z.array(z.string()) });

/** Others depend on the asking process (its clock, its folder), wait long, or may cost money. */
const OPTIONS = new Set([
  ...['limit', 'budget', 'find', 'from', 'to', 'about', 'min-score', 'type', 'relation', 'where', 'no-cache'],
  ...['group', 'json'],
]);

function openQueries(config: Config, embedder: Embedder) {
  // Questions share connections, but each has notices of its own.
  const notices = new AsyncLocalStorage<string[]>();
  const memory = new MemoryManager(config, { embedder, onNotice: (notice) => notices.getStore()?.push(notice) });
  return {
    /** What the command prints; undefined if it has to say more, or does something that this process would not do in the same way. */
    async answer(args: readonly string[], environment: Environment): Promise<string | undefined> {
      const theirs = loadConfig(environment);
      if (!isDeepStrictEqual(searchSettingsOf(theirs), searchSettingsOf(config))) return undefined;
      // Its model may be named by a path relative to the folder of the asking process.
      if (config.embeddings.provider === 'transformers') return undefined;
      if (args.some((arg) => arg.startsWith('-') && !isKnown(arg))) return undefined;
      if (unknownSettings(environment, { all: false }).length > 0) return undefined;
      // The last one counts.
      const call = parseCall(QUERY, command, ['--group', theirs.group, ...args]);
      if (call.group === AUTO_GROUP) return undefined;
      const noticed: string[] = [];
      const text = await notices.run(noticed, () => readQuery(call)(memory));
      return noticed.length > 0 || text === NOTHING_KNOWN ? undefined : printable(text);
    },
    close: () => memory.close(),
  };
}

const isKnown = (arg: string): boolean => OPTIONS.has(/^--([^=]*)/.exec(arg)?.[1] ?? '');
