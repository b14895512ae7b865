import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { estimateTokens } from './agent.ts';
import { TASKS, type Task } from './tasks.ts';

interface Message {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
}

export interface Stub {
  readonly baseURL: string;
  close(): Promise<void>;
}

/**
 * A model that knows only its context. It answers as soon as the context contains everything that the task needs, in the words that appear
 * there first. Until then it reads one file after another, and guesses when it has read all files. With a memory it is right only if the
 * memory gave the needed content and nothing wrong before it. Without a memory it is right only if the files contain the answer.
 */
export async function startStub(): Promise<Stub> {
  const server = createServer(async (request, response) => {
    const { messages } = JSON.parse(await textOf(request)) as { messages: readonly Message[] };
    const { name, input } = next(messages);
    const call = {
      id: `call_${messages.length}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(input) },
    };
    const [prompt_tokens, completion_tokens] = [
      estimateTokens(JSON.stringify(messages)),
      estimateTokens(JSON.stringify(call)),
    ];
    const body = {
      ...{ id: 'stub', object: 'chat.completion', created: 0, model: 'stub' },
      choices: [
        { index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', content: null, tool_calls: [call] } },
      ],
      usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function next(messages: readonly Message[]): { name: string; input: object } {
  const context = messages.map(({ content }) => content ?? '').join('\n');
  const request = messages.find(({ role }) => role === 'user')?.content ?? '';
  const task = TASKS.find(({ prompt }) => request.endsWith(prompt));
  if (!task) throw new Error('The stub was asked for none of the tasks.');
  const answer = answerFrom(task, context);
  if (answer !== undefined) return { name: 'finish', input: { answer } };
  const calls = messages.flatMap((message) => message.tool_calls ?? []);
  if (calls.length === 0) return { name: 'list_files', input: {} };
  const read = calls.flatMap((call) =>
    call.function.name === 'read_file' ? [JSON.parse(call.function.arguments).path] : [],
  );
  const listed = messages.find(({ role }) => role === 'tool')?.content?.split('\n') ?? [];
  const path = listed.find((file) => !read.includes(file));
  return path === undefined
    ? { name: 'finish', input: { answer: task.guess } }
    : { name: 'read_file', input: { path } };
}

/** Undefined if the context lacks something that the task needs. */
export function answerFrom({ needs, answer }: Pick<Task, 'needs' | 'answer'>, context: string): string | undefined {
  const hits = needs.map((pattern) => pattern.exec(context));
  if (hits.some((hit) => hit === null)) return undefined;
  return answer.replace(
    /\$(\d)/g,
    (_, place) => hits[Number(place) - 1]?.slice(1).find((word) => word !== undefined) ?? '',
  );
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
}
