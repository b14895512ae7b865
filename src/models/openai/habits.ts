import { APIError } from 'openai';

/** From the strictest way to ask for JSON to the one that every server takes. */
export const FORMATS = ['json_schema', 'json_object', 'text'] as const;

/** How a server is asked: less and less, as it refuses. */
export interface Habits {
  /** The place among the formats. */
  format: number;
  temperature: boolean;
  /** The answer comes in pieces. */
  stream: boolean;
  /** The last of these tells the tokens. */
  streamOptions: boolean;
}

const FORMAT_REFUSED =
  /response_format|json_schema|json_object|json mode|structured output|guided|grammar|invalid schema/i;
const STREAM_OPTIONS_REFUSED = /stream_options|include_usage/i;
const STREAM_REFUSED = /\bstream(?:ing|ed)?\b/i;

/** True when the server refused a way of asking and there is another. `used` is what this call asked with. */
export function learned(habits: Habits, used: Readonly<Habits>, error: unknown): boolean {
  if (!(error instanceof APIError) || ![400, 415, 422, 500, 501].includes(error.status ?? 0)) return false;
  const said = `${error.param} ${error.message}`;
  if (used.temperature && /temperature/i.test(said)) {
    habits.temperature = false;
    return true;
  }
  if (used.stream && used.streamOptions && STREAM_OPTIONS_REFUSED.test(said)) {
    habits.streamOptions = false;
    return true;
  }
  // A 500 that speaks of streams is about a proxy's own.
  if (used.stream && error.status !== 500 && STREAM_REFUSED.test(said)) {
    habits.stream = false;
    return true;
  }
  if (!FORMAT_REFUSED.test(said) || used.format === FORMATS.length - 1) return false;
  habits.format = Math.max(habits.format, used.format + 1);
  return true;
}
