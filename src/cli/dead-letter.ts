import { InvalidInputError } from '../errors.ts';
import type { QueueOptions } from '../memory/dead-letters.ts';
import type { MemoryManager } from '../memory.ts';
import type { DeadLetter, DeadLetterDetails } from '../queue/dead-letters.ts';
import { oneLine, truncated } from '../text.ts';
import { type Command, type CommandCall, chosenAction } from './command.ts';
import { withMemory } from './memory/with-memory.ts';
import { count } from './terminal/output.ts';

const MOST_IDS = 1000;
const LONGEST_REASON = 120;

export const command: Command = {
  help: `memory-manager dead-letter list | show <id> | replay <id>… | drop <id>…

A dead letter is a failed job that is not retried any more. Episodes stay dead letters until you
replay or drop them; exports and other tasks are removed after 30 days.

  list           list dead letters, newest first: time, id, reason
  show <id>      show one dead letter: cause, payload, attempts, trace id
  replay <id>…   put jobs back into their queue, with the same id
  drop <id>…     delete dead letters; the recorded text of an episode stays in the graph,
                 without facts

  --all             for replay and drop: all dead letters (of one queue with --queue)
  --queue <name>    store or export (default: both)
  --limit <number>  for list: how many (default: 20)
  --skip <number>   for list: skip this many of the newest
  --json            print the result as JSON

Example: memory-manager dead-letter replay --all`,
  options: {
    all: { type: 'boolean' },
    queue: { type: 'string' },
    limit: { type: 'string' },
    skip: { type: 'string' },
  },
  arguments: [1, 1 + MOST_IDS],
  run: (call) =>
    withMemory(async (memory) => {
      const [action = '', ...ids] = call.args;
      const act = chosenAction('dead-letter', action, ACTIONS);
      const result = await act(memory, ids, call);
      console.log(call.json ? JSON.stringify(result.data) : result.text);
      return 0;
    }),
};

const NONE = 'There are no dead letters.';

type Result = { readonly data: unknown; readonly text: string };

const ACTIONS: Readonly<
  Record<string, (memory: MemoryManager, ids: readonly string[], call: CommandCall) => Promise<Result>>
> = {
  async list(memory, ids, call) {
    if (ids.length > 0) throw new InvalidInputError('dead-letter list takes no id; dead-letter show does.');
    const limit = call.number('limit', 1, 1000);
    const skip = call.number('skip', 0, 1_000_000_000);
    const letters = await memory.deadLetters.list({
      ...queueOf(call),
      ...(limit && { limit }),
      ...(skip && { skip }),
    });
    const none = skip ? 'There are no more dead letters.' : NONE;
    return { data: letters, text: letters.length > 0 ? letters.map(line).join('\n') : none };
  },
  async show(memory, ids, call) {
    const [id = ''] = ids;
    if (ids.length !== 1) throw new InvalidInputError('dead-letter show takes one id; dead-letter list shows all.');
    const letter = await memory.deadLetters.get(id, queueOf(call));
    return { data: letter, text: whole(letter) };
  },
  async replay(memory, ids, call) {
    const replayed = await memory.deadLetters.replay(targets('replay', ids, call), queueOf(call));
    const text = `${count(replayed, 'dead letter')} back in the queue.`;
    return { data: { replayed }, text: replayed > 0 ? text : NONE };
  },
  async drop(memory, ids, call) {
    const dropped = await memory.deadLetters.drop(targets('drop', ids, call), queueOf(call));
    const text = `${count(dropped, 'dead letter')} deleted permanently. Recorded text stays in the graph.`;
    return { data: { dropped }, text: dropped > 0 ? text : NONE };
  },
};

function targets(action: string, ids: readonly string[], call: CommandCall): readonly string[] | 'all' {
  if (call.flag('all') === ids.length > 0)
    throw new InvalidInputError(`dead-letter ${action} takes ids, or --all for all dead letters.`);
  return call.flag('all') ? 'all' : ids;
}

function queueOf(call: CommandCall): QueueOptions {
  const queue = call.text('queue');
  if (queue === undefined) return {};
  if (queue === 'store' || queue === 'export') return { queue };
  throw new InvalidInputError(`--queue must be store or export, not "${queue}".`);
}

function line({ failedAt, id, reason }: DeadLetter): string {
  return `${failedAt.toISOString().slice(0, 19)}Z  ${oneLine(id)}  ${truncated(oneLine(reason), LONGEST_REASON)}`;
}

function whole(letter: DeadLetterDetails): string {
  const { id, queue, job, group, reason, error, attempts, queuedAt, failedAt, traceId, payload, details } = letter;
  const rows: [string, string | null][] = [
    ['Id', id],
    ['Job', job === queue ? job : `${job} (queue ${queue})`],
    ['Memory', group],
    ['Why', reason],
    ['Failure', error],
    ['Attempts', String(attempts)],
    ['Queued', queuedAt.toISOString()],
    ['Given up', failedAt.toISOString()],
    ['Trace', traceId],
  ];
  const lines = rows.flatMap(([name, value]) => (value ? [`${name.padEnd(9)} ${oneLine(value)}`] : []));
  const carried = typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2);
  return [...lines, '', 'Payload', carried ?? 'none', ...(details.length > 0 ? ['', 'Details', ...details] : [])].join(
    '\n',
  );
}
