import { InvalidInputError } from '../errors.ts';
import type { Saga, SagaOverview } from '../memory/results.ts';
import type { MemoryManager } from '../memory.ts';
import { day } from '../time.ts';
import { type Command, type CommandCall, chosenAction } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager saga list | show <name> | summarize <name>

A saga is a chain of episodes, such as a session.

  list                 list sagas: number of episodes, first and last date, name
  show <name>          print the summary and the episodes, sorted by time
  summarize <name>     update the summary and print it; a worker does this

  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for the summary (default: 600)
  --json               print the result as JSON

Example: memory-manager saga summarize "Session of 3 March"`,
  options: { timeout: { type: 'string' } },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const [action = '', name] = call.args;
      const act = chosenAction('saga', action, ACTIONS);
      if ((action === 'list') !== (name === undefined))
        throw new InvalidInputError(
          action === 'list'
            ? 'saga list takes no name; saga show does.'
            : `saga ${action} needs the name of a saga; memory-manager saga list shows all sagas.`,
        );
      const result = await act(memory, name ?? '', call);
      if (result.text !== '' || call.json) console.log(call.json ? JSON.stringify(result.data) : result.text);
      else console.error('This memory has no sagas yet.');
      return 0;
    }),
};

type Result = { readonly data: unknown; readonly text: string };

const ACTIONS: Readonly<Record<string, (memory: MemoryManager, name: string, call: CommandCall) => Promise<Result>>> = {
  async list(memory, _, call) {
    const sagas = await memory.sagas.list(call.groupOption);
    return { data: sagas, text: sagas.map(overview).join('\n') };
  },
  async show(memory, name, call) {
    const saga = await memory.sagas.get(name, call.groupOption);
    return { data: saga, text: details(saga) };
  },
  async summarize(memory, name, call) {
    const saga = await memory.sagas.summarize(name, {
      ...call.groupOption,
      ...call.timeoutOption,
    });
    return { data: saga, text: saga.summary };
  },
};

const column = (time: Date | null): string => (time ? day(time) : '').padEnd(10);

function overview({ name, episodes, first, last }: SagaOverview): string {
  return `${String(episodes).padStart(5)}  ${column(first)}  ${column(last)}  ${name}`;
}

function details({ summary, episodes }: Saga): string {
  const lines = episodes.map(({ name, referenceTime }) => `${column(referenceTime)}  ${name}`);
  return [...(summary === '' ? [] : [summary, '']), ...lines].join('\n');
}
