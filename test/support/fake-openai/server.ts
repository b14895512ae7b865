import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { replyTo } from './chat.ts';
import { embeddingsFor } from './embed.ts';
import { type Fault, type FaultName, refusalFor } from './faults.ts';
import { type Knowledge, openKnowledge } from './knowledge.ts';
import { sendInPieces } from './pieces.ts';
import { type ChatRequest, type Completion, type EmbeddingRequest, type Response, refusal } from './protocol.ts';

export type CallPurpose = 'extract' | 'resolve' | 'summarize' | 'score' | 'embed' | 'unknown';

/** One received call, for assertions. */
export interface FakeCall {
  readonly purpose: CallPurpose;
  readonly model: string;
  /** True if the prompt contains an earlier reply of the model. */
  readonly repair: boolean;
  /** `json_schema`, `json_object`, `text`; empty for embeddings. */
  readonly format: string;
  readonly promptTokens: number;
  completionTokens: number;
  /** Status of the reply; 0 for a broken connection. */
  status: number;
  /** Number of embedded texts. */
  readonly texts: number;
  readonly body: ChatRequest | EmbeddingRequest;
  readonly fault: Fault | undefined;
}

export interface FakeOpenAIOptions {
  /** Delay of every call in milliseconds. */
  readonly delay?: number;
  /** Delay of embedding calls. Default: `delay`. */
  readonly embeddingDelay?: number;
  /** The only accepted key. Default: any. */
  readonly key?: string;
  /** Lines such as `same: K8s = Kubernetes`; see script.ts. */
  readonly knowledge?: string;
  /** False: structured output with a schema is refused, as many compatible servers do. */
  readonly jsonSchema?: boolean;
  /** False: JSON mode is refused too. */
  readonly jsonObject?: boolean;
  /** Response to a request for a stream. Default: like OpenAI. */
  readonly stream?: 'refuse' | 'ignore';
  /** False: `stream_options` is refused. */
  readonly streamOptions?: false;
  /** Handling of the parameter `dimensions` of embeddings. Default: like OpenAI. */
  readonly dimensions?: 'refuse' | 'ignore';
  /** False: embeddings are always sent as numbers, never as base64. */
  readonly base64?: boolean;
  /** The fault of a call; takes precedence over the queue of `fail`. */
  readonly faultOf?: (call: Pick<FakeCall, 'purpose' | 'model' | 'repair' | 'body'>) => Fault | FaultName | undefined;
}

export interface FakeOpenAI {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  readonly calls: readonly FakeCall[];
  readonly tokens: { readonly prompt: number; readonly completion: number };
  /** Calls of a purpose. */
  called(purpose: CallPurpose): FakeCall[];
  /** Makes the next calls fail, one call per fault. */
  fail(...faults: (Fault | FaultName)[]): void;
  /** Learns lines such as `exclusive: LIVES_IN`. */
  learn(knowledge: string): void;
  /** Forgets calls and faults, not knowledge. */
  reset(): void;
  close(): Promise<void>;
}

/** State shared by all answers. */
export interface FakeState {
  readonly options: FakeOpenAIOptions;
  readonly knowledge: Knowledge;
}

/**
 * A server that speaks OpenAI's protocol (`/chat/completions`, `/embeddings`) and answers from the script in the text
 * (script.ts) and the prompts of src/models/openai. The same calls in the same order get the same answers.
 */
export async function startFakeOpenAI(options: FakeOpenAIOptions = {}): Promise<FakeOpenAI> {
  const fake: FakeState = { options, knowledge: openKnowledge(options.knowledge) };
  const calls: FakeCall[] = [];
  const faults: Fault[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, refusal(500, 'fake', null, String(error))));
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/v1/models/')) {
      const model = { id: decodeURIComponent(request.url.slice('/v1/models/'.length)), object: 'model' };
      return send(response, refusedKey(request) ?? { status: 200, body: model });
    }
    const body = await jsonBody(request);
    const isEmbedding = request.url === '/v1/embeddings';
    if (!isEmbedding && request.url !== '/v1/chat/completions')
      return send(response, refusal(404, 'invalid_request_error', null, 'Unknown request URL'));
    const handled = isEmbedding ? embeddingsFor(fake, body as EmbeddingRequest) : replyTo(fake, body as ChatRequest);
    const fault = wholeFault(options.faultOf?.(handled.call)) ?? faults.shift();
    const call: FakeCall = { ...handled.call, completionTokens: 0, status: 0, fault };
    calls.push(call);
    const delay = isEmbedding ? (options.embeddingDelay ?? options.delay) : options.delay;
    if (delay) await sleep(delay);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy();
    const given = refusedKey(request) ?? (fault && refusalFor(fault)) ?? handled.answer(fault);
    call.status = given.status;
    call.completionTokens = completionTokens(given.body);
    const inPieces = !isEmbedding && (body as ChatRequest).stream === true && options.stream !== 'ignore';
    if (inPieces && isCompletion(given.body) && fault?.kind !== 'no-pieces')
      return sendInPieces(response, given.body, (body as ChatRequest).stream_options?.include_usage === true, fault);
    if (fault?.kind === 'hang-in-body' || fault?.kind === 'cut') {
      // Cut only after the client has received the earlier chunks.
      const cut = () => fault.kind === 'cut' && response.destroy();
      return void response.writeHead(200, { 'content-type': 'application/json' }).write('{"choices":', cut);
    }
    send(response, given);
  }

  function refusedKey({ headers }: IncomingMessage): Response | undefined {
    if (options.key === undefined || headers.authorization === `Bearer ${options.key}`) return undefined;
    return refusalFor({ kind: 'wrong-key' });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    get tokens() {
      const sum = (of: 'promptTokens' | 'completionTokens') => calls.reduce((all, call) => all + call[of], 0);
      return { prompt: sum('promptTokens'), completion: sum('completionTokens') };
    },
    called: (purpose) => calls.filter((call) => call.purpose === purpose),
    fail: (...next) => void faults.push(...next.map((fault) => wholeFault(fault) as Fault)),
    learn: fake.knowledge.learn,
    reset() {
      calls.length = 0;
      faults.length = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function wholeFault(fault: Fault | FaultName | undefined): Fault | undefined {
  return typeof fault === 'string' ? { kind: fault } : fault;
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function send(response: ServerResponse, { status, headers, body }: Response): void {
  if (response.destroyed) return;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = { 'content-type': 'application/json', 'x-request-id': 'req_fake' };
  response.writeHead(status, { ...type, ...headers }).end(text);
}

function isCompletion(body: unknown): body is Completion {
  return (body as Partial<Completion>)?.object === 'chat.completion';
}

function completionTokens(body: unknown): number {
  return (body as { usage?: { completion_tokens?: number } })?.usage?.completion_tokens ?? 0;
}
