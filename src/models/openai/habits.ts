import { APIError } from 'openai';
import { isAboutText } from './failures.ts';

/** From the strictest way to ask for JSON to the one that every server takes. */
export const FORMATS = ['json_schema', 'json_object', 'text'] as const;
export const LAST_FORMAT = FORMATS.length - 1;

/** The features that requests to a server use. */
export interface Capabilities {
  /** The place among the formats. */
  readonly format: number;
  readonly temperature: boolean;
  /** The answer comes in pieces. */
  readonly stream: boolean;
  /** The last piece reports the tokens. */
  readonly streamOptions: boolean;
}

const FORMAT_REFUSED =
  /response_?format|response_?schema|json_schema|json_object|json mode|structured output|guided|grammar|invalid schema/i;
const STREAM_OPTIONS_REFUSED = /stream_options|include_usage/i;
const STREAM_REFUSED = /\bstream(?:ing|ed)?\b/i;
const REFUSED = [400, 415, 422, 500, 501];

/**
 * The way to ask a server that has just refused to be asked with `used`, in words that name what it refuses. Undefined when
 * the words name nothing that could be left out.
 */
export function withoutRefusedFeature(used: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || !REFUSED.includes(error.status ?? 0)) return undefined;
  const words = `${error.param} ${error.message}`;
  if (used.temperature && /temperature/i.test(words)) return { ...used, temperature: false };
  if (used.stream && used.streamOptions && STREAM_OPTIONS_REFUSED.test(words)) return { ...used, streamOptions: false };
  // A 500 that speaks of streams is about a proxy's own.
  if (used.stream && error.status !== 500 && STREAM_REFUSED.test(words)) return { ...used, stream: false };
  if (FORMAT_REFUSED.test(words) && used.format < LAST_FORMAT) return { ...used, format: used.format + 1 };
  return undefined;
}

/**
 * The next smaller way to ask a server whose refusal names nothing we know: no usage in the stream, then JSON mode, then words,
 * then no temperature, then one piece. Undefined when nothing is left, or the refusal is about the text.
 */
export function withFewerFeatures(used: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || ![400, 415, 422].includes(error.status ?? 0) || isAboutText(error))
    return undefined;
  if (used.stream && used.streamOptions) return { ...used, streamOptions: false };
  if (used.format < LAST_FORMAT) return { ...used, format: used.format + 1 };
  if (used.temperature) return { ...used, temperature: false };
  return used.stream ? { ...used, stream: false } : undefined;
}

/** The features that both have. */
export function commonCapabilities(one: Capabilities, other: Capabilities): Capabilities {
  return {
    format: Math.max(one.format, other.format),
    temperature: one.temperature && other.temperature,
    stream: one.stream && other.stream,
    streamOptions: one.streamOptions && other.streamOptions,
  };
}
