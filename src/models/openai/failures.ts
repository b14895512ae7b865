import { APIConnectionError, APIError } from 'openai';
import {
  ConfigError,
  isOperationalError,
  ModelBusyError,
  ModelFailedError,
  ModelUnavailableError,
  TextTooLongError,
  UnusableReplyError,
} from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { SECOND } from '../../time.ts';
import { retryAfter } from '../server/retry-after.ts';
import { InterruptedError } from '../server/watchdog.ts';

/** The values that the messages name. */
export interface CallDetails {
  /** Begins a sentence: `OpenAI` or `The server at localhost:11434`. */
  readonly server: string;
  readonly model: string;
  /** The environment variables that name the model, the server's address and its key. */
  readonly names: { readonly model: string; readonly address: string; readonly key: string };
  readonly closed: boolean;
  readonly ownKey: boolean;
}

const TOO_LONG =
  /context.?length|maximum context|context window|context size|too many tokens|too (?:long|large)(?! a number)|must be reduced|reduce the (?:length|input)|string_above_max_length|exceeds? .{0,40}(?:token|context|input length)/i;
/** These words are about the size of a batch, not of a text. */
const ABOUT_BATCH = /batch.?size|in one batch|number of (?:inputs|texts|elements)|larger than \d+/i;
const KEY_REFUSED = /api.?key.{0,20}(?:not valid|invalid|expired)|API_KEY_INVALID|(?:invalid|incorrect) api.?key/i;
const FILTERED = /content_?filter|content_?policy|content management/i;
const NO_MODEL =
  /model_not_found|model .{0,80}(?:not found|does not exist|not exist)|(?:unknown|invalid|no such) model/i;
const NO_QUOTA = /insufficient_quota|billing|quota exceeded|insufficient balance|exceeded your current quota/i;

/**
 * The failure of a call as one of our errors. The server's words are read but never passed on: they may quote the key or the
 * episode. For the same reason the cause holds only status, code and request id.
 */
export function toModelError(error: unknown, details: CallDetails): Error {
  if (isOperationalError(error)) return error;
  const cause = { cause: redactError(error) };
  const { server, model, names } = details;
  if (details.closed) return new ModelUnavailableError(`The model ${model} was closed during a call.`, cause);
  if (error instanceof InterruptedError) return interruptionOf(error, details);
  if (error instanceof APIConnectionError)
    return new ModelUnavailableError(
      `${server} cannot be reached${inParentheses(networkCode(error))}; check the network and ${names.address}.`,
      cause,
    );
  if (error instanceof APIError) return refusalOf(error, details);
  return new ModelFailedError(
    `${server} gave an answer that is not of OpenAI's protocol; check that ${names.address} has the right path, which usually ends in /v1.`,
    cause,
  );
}

function interruptionOf(error: InterruptedError, { server, model, names }: CallDetails): Error {
  const cause = { cause: redactError(error.cause ?? error) };
  const seconds = `${error.after / SECOND} s`;
  switch (error.by) {
    case 'silent':
      return new ModelUnavailableError(`${server} did not answer within ${seconds}.`, cause);
    case 'paused':
      return new ModelUnavailableError(`${server} fell silent for ${seconds} in the middle of its answer.`, cause);
    case 'cut':
      return new ModelUnavailableError(
        `${server} broke off in the middle of its answer; it is called again later.`,
        cause,
      );
    case 'unfinished':
      return new ModelFailedError(`${server} stopped in the middle of its answer, without saying why.`, cause);
    // A retry would take as long and cost as much: every attempt counts.
    case 'endless':
      return new ModelFailedError(
        `The model ${model} did not end its answer within ${seconds}; choose a faster one in ${names.model}.`,
        cause,
      );
  }
}

function refusalOf(error: APIError, details: CallDetails): Error {
  const { server, model, names } = details;
  const status = statusOf(error);
  const message = messageOf(error);
  const cause = { cause: redactError(error) };
  if (status === 401 || (status === 400 && KEY_REFUSED.test(message)))
    return new ConfigError(refusedKey(details), cause);
  if (isTooLarge(error))
    return new TextTooLongError(
      `The text is too long for the model ${model}; choose another in ${names.model}.`,
      cause,
    );
  if (status === 402 || (status === 429 && NO_QUOTA.test(message)))
    return new ModelUnavailableError(
      `${server} says that the account's quota is used up; add credit or raise its limit, then jobs continue automatically.`,
      cause,
    );
  if (status === 429 || (status === 503 && retryAfter(error.headers) !== null))
    return new ModelBusyError(`${server} is busy or asks for fewer calls of ${model}; it is called again later.`, {
      ...cause,
      retryAfterMs: retryAfter(error.headers),
    });
  if (status === 404 || (status === 400 && NO_MODEL.test(message)))
    return new ConfigError(
      `${server} does not know the model ${model}; check ${names.model} and ${names.address}.`,
      cause,
    );
  if (status === 403)
    return new ConfigError(
      `${server} does not allow this key to use the model ${model}; check the key's permissions, its project and region.`,
      cause,
    );
  if (status === 400 && FILTERED.test(message))
    return new UnusableReplyError(
      `${server} refused the text for its content, before the model ${model} saw it.`,
      cause,
    );
  if (status >= 500 || status === 408 || status === 409)
    return new ModelUnavailableError(
      `${server} reports an internal error (${error.status ?? describe(error)}); it is called again later.`,
      cause,
    );
  return new ModelFailedError(`${server} refused the request for the model ${model} (${describe(error)}).`, cause);
}

/**
 * True if the request is larger than the server ever takes: by its own words, with any status (llama.cpp uses 500), or because the
 * request needs more tokens than a whole minute allows, so that waiting does not help.
 */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof APIError)) return false;
  const message = messageOf(error);
  if (statusOf(error) === 413) return true;
  if (statusOf(error) === 429) {
    const [, limit, requested] = /Limit:? ([\d,]+)\D.{0,40}Requested:? ([\d,]+)/i.exec(message) ?? [];
    const count = (digits = '0') => Number(digits.replaceAll(',', ''));
    return /request too large|must be reduced/i.test(message) || count(requested) > count(limit ?? 'Infinity');
  }
  return TOO_LONG.test(message) && !ABOUT_BATCH.test(message);
}

/** True if the server refused the text and not a feature of the request: no other way of asking would help. */
export function isAboutText(error: APIError): boolean {
  const message = messageOf(error);
  return isTooLarge(error) || [FILTERED, NO_MODEL, NO_QUOTA, KEY_REFUSED].some((words) => words.test(message));
}

/** True for a failure of the server itself, which this one text may have caused. */
export function isServerFailure(error: unknown): error is APIError {
  return error instanceof APIError && statusOf(error) >= 500 && !isTooLarge(error);
}

/** A failure that recurs for one text while the server answers others. */
export function toTextError(error: APIError, { server, model }: CallDetails): Error {
  return new ModelFailedError(
    `${server} fails on this text every time (${error.status ?? describe(error)}) but answers others; the model ${model} cannot read it.`,
    { cause: redactError(error) },
  );
}

const statusOf = (error: APIError): number => error.status ?? impliedStatus(error);
/** `error` is the body's own member; servers that have none get one from `fetchWithErrorBodies`. */
const messageOf = (error: APIError): string => `${error.code} ${error.type} ${error.message}`;

/** The status that a failure in the middle of an answer would have had at its start, when the status line was sent. 0 if unknown. */
function impliedStatus(error: APIError): number {
  const message = messageOf(error);
  if (/rate_?limit/i.test(message) || NO_QUOTA.test(message)) return 429;
  if (FILTERED.test(message)) return 400;
  return /server_?error|internal|overloaded|unavailable|timeout|time_out/i.test(`${error.code} ${error.type}`)
    ? 500
    : 0;
}

function refusedKey({ server, ownKey, names }: CallDetails): string {
  return ownKey
    ? `${server} refused the key in ${names.key}; set one that is valid.`
    : `${server} needs a key; set ${names.key}.`;
}

/** The error without any text of the server or the package. */
function redactError(error: unknown): Error {
  if (error instanceof APIError) return new Error(describe(error));
  return new Error(error instanceof Error ? error.name : typeof error);
}

function describe(error: APIError): string {
  const parts = [error.status, plain(error.code), plain(error.type), plain(error.requestID), networkCode(error)];
  return parts.filter(Boolean).join(' ') || 'no status';
}

/** A code as servers define them; anything else might be a sentence with content in it. */
function plain(code: unknown): string {
  return typeof code === 'string' && /^[\w.-]{1,60}$/.test(code) && !code.startsWith('sk-') ? code : '';
}

/** Such as ECONNREFUSED, which Node nests several causes deep. */
function networkCode(error: unknown): string {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    const code = plain((current as NodeJS.ErrnoException).code);
    if (/^[A-Z_]+$/.test(code)) return code;
  }
  return '';
}

const inParentheses = (text: string) => (text === '' ? '' : ` (${text})`);

/**
 * `fetch` for the `openai` package, which reads a failure only from a member `error` of the body. Other servers send a list
 * (Gemini), `detail` (FastAPI), `message` at the top (vLLM, Mistral, Text Embeddings Inference) or plain text; theirs gets that
 * member here, so that its words can be looked at.
 */
export async function fetchWithErrorBodies(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (response.ok) return response;
  const text = await response.text();
  const { status, statusText, headers } = response;
  const body = JSON.stringify({ error: errorIn(text) });
  const newHeaders = new Headers(headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) newHeaders.delete(name);
  newHeaders.set('content-type', 'application/json');
  return new Response(body, { status, statusText, headers: newHeaders });
}

function errorIn(text: string): object {
  const body = parseJson(text);
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== 'object' || first === null) return { message: text };
  const { error, detail, message } = first as Record<string, unknown>;
  if (typeof error === 'object' && error !== null) return error;
  if (typeof error === 'string') return { ...first, message: error };
  if (typeof message === 'string') return first;
  return { ...first, message: JSON.stringify(detail ?? message ?? first) };
}
