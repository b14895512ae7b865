import { signal } from '@preact/signals';
import { CALLS, type CallName, Failure, type Input, LiveUpdate, type Reply } from '../src/page/schemas.ts';
import { currentToken } from './token.ts';

/** A failed call, with a sentence for the user. */
export class CallError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const sentenceOf = (error: unknown): string =>
  error instanceof CallError ? error.message : 'The page failed for an unexpected reason.';

/** `away`: the server does not answer. `locked`: it answers, but the token is missing or from an earlier start. */
export const connection = signal<'connected' | 'away' | 'locked'>('connected');
/** Increases when the screens should reload: the server is back, or the queue has changed. */
export const freshness = signal(0);

let changing = 0;
let isOutdated = false;
/** Replies from before this time are outdated, because a server went away or came back. Milliseconds of `performance.now()`. */
export let outdatedAt = 0;

function refreshAll(): void {
  outdatedAt = performance.now();
  refresh();
}

/** Reloads the screens, except during a change: its own screen would request the entity or episode that was just removed. */
export function refresh(): void {
  if (changing > 0) isOutdated = true;
  else freshness.value += 1;
}

/** Makes a change, then reloads the screens. The timeout lets the screen of a removed entity or episode close first. */
export async function whileChanging<T>(change: () => Promise<T>): Promise<T> {
  changing += 1;
  try {
    return await change();
  } finally {
    isOutdated = true;
    setTimeout(() => {
      changing -= 1;
      if (changing > 0 || !isOutdated) return;
      isOutdated = false;
      refresh();
    });
  }
}

export const jobs = signal<LiveUpdate['jobs']>(null);
let hasNews = false;

/** @throws CallError */
export async function call<Name extends CallName>(
  name: Name,
  input: Input<Name>,
  signal?: AbortSignal,
): Promise<Reply<Name>> {
  const { method, reply } = CALLS[name];
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== '');
  const query = method === 'GET' ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : '';
  const response = await request(`/api/v1/${name}${query}`, {
    method,
    signal,
    ...(method === 'POST' && { body: JSON.stringify(Object.fromEntries(given)) }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    if (response.status === 401) connection.value = 'locked';
    const failure = Failure.safeParse(body);
    throw failure.success
      ? new CallError(failure.data.code, failure.data.message)
      : new CallError('ERR_UNEXPECTED', 'The server gave no usable answer.');
  }
  const parsed = reply.safeParse(body);
  if (!parsed.success)
    throw new CallError('ERR_UNEXPECTED', 'The server is of another version than this page; reload it.');
  return parsed.data as Reply<Name>;
}

declare global {
  /** The call that the script in the document's head started. */
  var firstCall: { readonly url: string; readonly response: Promise<Response> } | undefined;
}

/** The response of the head's call is used once, by the first call with the same address. */
function takeFirst(url: string): Promise<Response> | undefined {
  const first = globalThis.firstCall;
  if (first?.url !== url) return undefined;
  globalThis.firstCall = undefined;
  return first.response;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  const headers = { Authorization: `Bearer ${currentToken()}`, 'Content-Type': 'application/json' };
  try {
    const response = await (takeFirst(url) ??
      fetch(url, { ...init, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' }));
    if (connection.value === 'away') connection.value = 'connected';
    return response;
  } catch (error) {
    if (init.signal?.aborted) throw error;
    connection.value = 'away';
    throw new CallError('ERR_AWAY', 'The page’s server does not answer.');
  }
}

const AGAIN_AFTER_MS = 1500;

/** Follows the live updates while the page is visible, and reconnects after the server was down. */
export async function followLiveUpdates(): Promise<void> {
  for (;;) {
    const hidden = new AbortController();
    const hide = () => document.hidden && hidden.abort();
    document.addEventListener('visibilitychange', hide);
    const wasAway = connection.value === 'away';
    try {
      const response = await request('/api/v1/news', { method: 'GET', signal: hidden.signal });
      if (response.status === 401) {
        connection.value = 'locked';
        return;
      }
      if (response.ok && wasAway) refreshAll();
      if (response.ok && response.body) await readNews(response.body);
      if (response.ok) connection.value = 'away';
    } catch {
      if (!hidden.signal.aborted) connection.value = 'away';
    }
    document.removeEventListener('visibilitychange', hide);
    await becomesVisible();
    if (hidden.signal.aborted) refresh();
    else await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
  }
}

async function readNews(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  let rest = '';
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') takeNews(line);
  }
}

function takeNews(line: string): void {
  const news = LiveUpdate.safeParse(JSON.parse(line));
  if (!news.success) return;
  const isChange = hasNews && (news.data.jobs === null) !== (jobs.value === null);
  jobs.value = news.data.jobs;
  if (isChange) refreshAll();
  else if (hasNews) refresh();
  hasNews = true;
}

function becomesVisible(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const listen = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', listen);
      resolve();
    };
    document.addEventListener('visibilitychange', listen);
  });
}
