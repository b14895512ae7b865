/** The subset of JSON Schema that OpenAI's strict structured output accepts. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly temperature?: number;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly response_format?: {
    readonly type: string;
    readonly json_schema?: { readonly name: string; readonly schema: JsonSchema; readonly strict?: boolean };
  };
}

export interface EmbeddingRequest {
  readonly model: string;
  readonly input: string | readonly string[];
  readonly dimensions?: number;
  readonly encoding_format?: 'float' | 'base64';
}

export interface Completion {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: {
      readonly role: string;
      readonly content: string | null | readonly object[];
      readonly refusal: string | null;
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly object[];
    };
    readonly logprobs: null;
    readonly finish_reason: string;
  }[];
  readonly usage?: object;
}

/** An answer of the server; a text is sent as it is, everything else as JSON. */
export interface Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The error body of OpenAI. */
export function refusal(
  status: number,
  type: string,
  code: string | null,
  message: string,
  param: string | null = null,
): Response {
  return { status, body: { error: { message, type, param, code } } };
}

const KEYWORDS = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'enum', 'const', 'description'],
]);

/** OpenAI's objection to a strict schema; undefined if it accepts the schema. */
export function schemaProblem(schema: JsonSchema, path = '()'): string | undefined {
  const unknown = Object.keys(schema).find((key) => !KEYWORDS.has(key));
  if (unknown) return `In context=${path}, '${unknown}' is not permitted.`;
  if (!schema.type && !schema.anyOf) return `In context=${path}, schema must have a 'type' key.`;
  const firstKeys = (schema.anyOf ?? []).map(({ properties }) => Object.entries(properties ?? {})[0]);
  const untold = firstKeys.filter((first) => first && first[1].const === undefined).map((first) => first?.[0]);
  if (new Set(untold).size < untold.length)
    return `In context=${path}, objects provided via 'anyOf' must not share identical first keys.`;
  if (schema.properties) {
    if (schema.additionalProperties !== false)
      return `In context=${path}, 'additionalProperties' is required to be supplied and to be false.`;
    if (Object.keys(schema.properties).some((name) => !schema.required?.includes(name)))
      return `In context=${path}, 'required' is required to be supplied and to be an array including every key in properties.`;
  }
  const inner = [...Object.entries(schema.properties ?? {}), ...Object.entries(schema.anyOf ?? {})];
  if (schema.items) inner.push(['items', schema.items]);
  return inner.map(([key, one]) => schemaProblem(one, `${path}.${key}`)).find(Boolean);
}
