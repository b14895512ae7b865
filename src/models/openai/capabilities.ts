import { APIError } from 'openai';
import { isAboutText } from './failures.ts';

/** Ways to ask for JSON, from the strictest to the one that every server takes. */
export const REPLY_FORMATS = ['json_schema', 'json_object', 'text'] as const;
export const LAST_FORMAT = REPLY_FORMATS.length - 1;

/** The features that requests to a server use. */
export interface Capabilities {
  /** Index into `REPLY_FORMATS`. */
  readonly format: number;
  readonly temperature: boolean;
  /** The answer is streamed. */
  readonly stream: boolean;
  /** The last chunk reports the token count. */
  readonly streamOptions: boolean;
}

const FORMAT_REFUSED =
  /response_?format|response_?schema|json_schema|json_object|json mode|structured output|guided|grammar|invalid schema/i;
const STREAM_OPTIONS_REFUSED = /stream_options|include_usage/i;
const STREAM_REFUSED = /\bstream(?:ing|ed)?\b/i;
const REFUSED = [400, 415, 422, 500, 501];

/**
 * The features without the one that the server's refusal names. Undefined if the refusal names no feature that can be left out.
 */
export function withoutRefusedFeature(used: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || !REFUSED.includes(error.status ?? 0)) return undefined;
  const words = `${error.param} ${error.message}`;
  if (used.temperature && /temperature/i.test(words)) return { ...used, temperature: false };
  if (used.stream && used.streamOptions && STREAM_OPTIONS_REFUSED.test(words)) return { ...used, streamOptions: false };
  // A 500 that mentions streams is a proxy's failure.
  if (used.stream && error.status !== 500 && STREAM_REFUSED.test(words)) return { ...used, stream: false };
  if (FORMAT_REFUSED.test(words) && used.format < LAST_FORMAT) return { ...used, format: used.format + 1 };
  return undefined;
}

/**
 * The next smaller set of features, for a refusal in unknown words: first without usage in the stream, then JSON mode, then no
 * format, no temperature, no stream. Undefined if nothing is left or the refusal is about the text.
 */
export function withFewerFeatures(used: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || ![400, 415, 422].includes(error.status ?? 0) || isAboutText(error))
    return undefined;
  if (used.stream && used.streamOptions) return { ...used, streamOptions: false };
  if (used.format < LAST_FORMAT) return { ...used, format: used.format + 1 };
  if (used.temperature) return { ...used, temperature: false };
  return used.stream ? { ...used, stream: false } : undefined;
}

/** The features of both. */
export function commonCapabilities(one: Capabilities, other: Capabilities): Capabilities {
  return {
    format: Math.max(one.format, other.format),
    temperature: one.temperature && other.temperature,
    stream: one.stream && other.stream,
    streamOptions: one.streamOptions && other.streamOptions,
  };
}
