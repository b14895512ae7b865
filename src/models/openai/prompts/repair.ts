import { shortened } from '../../../text.ts';
import type { NamedSchema } from '../schema.ts';

/** Longer replies are mostly right in their beginning; the model has the material to write the rest again. */
const SHOWN = 8000;

/** The schema for servers that take it in words only. */
export function inWords({ name, schema }: NamedSchema): string {
  return `Reply with one JSON object and nothing else. It must fit this JSON schema:
<schema name="${name}">${JSON.stringify(schema)}</schema>`;
}

/** What follows a reply that could not be used. */
export function repair(reply: string, problem: string, schema: NamedSchema) {
  return [
    { role: 'assistant' as const, content: shortened(reply, SHOWN) },
    {
      role: 'user' as const,
      content: `This cannot be used: ${problem}. Give the whole answer again, corrected. ${inWords(schema)}`,
    },
  ];
}
