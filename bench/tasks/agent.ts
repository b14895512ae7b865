import OpenAI from 'openai';
import { FILES } from './files.ts';

/** A server with OpenAI's protocol, the model to call there, and its prices. */
export interface Model {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly model: string;
  /** Counts what is spent and refuses a call that could exceed the cap. */
  readonly budget: Budget;
}

export interface Budget {
  readonly spent: number;
  /** @throws CapReachedError when a call with this number of prompt tokens could exceed the cap */
  reserve(promptTokens: number, completionTokens: number): void;
  pay(promptTokens: number, completionTokens: number): void;
}

export class CapReachedError extends Error {}

/** Dollars for a million tokens. */
export interface Prices {
  readonly input: number;
  readonly output: number;
}

export function openBudget(cap: number, prices: Prices): Budget {
  let spent = 0;
  const cost = (input: number, output: number) => (input * prices.input + output * prices.output) / 1e6;
  return {
    get spent() {
      return spent;
    },
    reserve(input, output) {
      if (spent + cost(input, output) > cap)
        throw new CapReachedError(
          `Stopped at $${spent.toFixed(4)}: the next call could go beyond the cap of $${cap}. Raise it with --cap.`,
        );
    },
    pay(input, output) {
      spent += cost(input, output);
    },
  };
}

export interface Attempt {
  readonly answer: string;
  readonly tokens: number;
  readonly calls: number;
}

export const MOST_CALLS = 12;
export const MOST_COMPLETION_TOKENS = 800;
const SYSTEM = `You are a coding agent at work in the repository of Hopyard. Look at its files with list_files and read_file where you need to; they cannot be changed here.
When you know enough, call finish with the code, the command or the text that was asked for. Where something that you need stands nowhere, say what you would assume.`;

const parameters = (properties: Record<string, unknown>) => ({
  ...{ type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
});
const tool = (name: string, description: string, properties: Record<string, unknown> = {}) =>
  ({ type: 'function', function: { name, description, parameters: parameters(properties) } }) as const;
const TOOLS = [
  tool('list_files', 'The paths of all files.'),
  tool('read_file', 'The text of a file.', { path: { type: 'string' } }),
  tool('finish', 'Ends the task.', { answer: { type: 'string' } }),
];

/** Lets a model work on a task, with or without the memory's context before the prompt. */
export async function attemptTask(
  { baseURL, apiKey, model, budget }: Model,
  prompt: string,
  memory: string,
): Promise<Attempt> {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 2 });
  const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: memory === '' ? prompt : `${memory}\n\n${prompt}` },
  ];
  let tokens = 0;
  for (let calls = 1; calls <= MOST_CALLS; calls += 1) {
    budget.reserve(estimateTokens(JSON.stringify([messages, TOOLS])), MOST_COMPLETION_TOKENS);
    const { choices, usage } = await client.chat.completions.create({
      ...{ model, messages, tools: [...TOOLS], max_completion_tokens: MOST_COMPLETION_TOKENS },
    });
    const message = choices[0]?.message;
    if (!message) throw new Error('The model gave no answer.');
    budget.pay(usage?.prompt_tokens ?? 0, usage?.completion_tokens ?? 0);
    tokens += usage?.total_tokens ?? 0;
    const used = (message.tool_calls ?? []).filter((call) => call.type === 'function');
    const end = used.find((call) => call.function.name === 'finish');
    if (end) return { answer: String(argumentsOf(end.function.arguments).answer ?? ''), tokens, calls };
    if (used.length === 0) return { answer: message.content ?? '', tokens, calls };
    messages.push(message);
    for (const call of used)
      messages.push({
        role: 'tool',
        tool_call_id: call.id,
        content: resultOf(call.function.name, call.function.arguments),
      });
  }
  return { answer: '', tokens, calls: MOST_CALLS };
}

function resultOf(name: string, given: string): string {
  if (name === 'list_files') return Object.keys(FILES).join('\n');
  return FILES[String(argumentsOf(given).path)] ?? 'There is no such file.';
}

function argumentsOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** An estimate of tokens: one per four characters. */
export const estimateTokens = (text: string): number => Math.ceil(text.length / 4);
