/** Exports of others by what stands in them, which import does not read. */
const UNSUPPORTED_EXPORTS: readonly (readonly [name: string, ...keys: string[]])[] = [
  ['a conversation of ChatGPT', 'mapping', 'title'],
  ['a conversation of Claude', 'chat_messages'],
  ['an export of claude-mem', 'observations', 'totalObservations'],
  ['an export of supermemory', 'documents', 'exportedAt'],
];
const SHOWN = 5;

/** Why a value cannot be imported, and what can be done. */
export function unsupportedReason(place: string, value: unknown): string {
  const help = 'write its texts as lines like {"content": "…", "reference_time": "2025-03-01"} and import those.';
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return `${place} is not a JSON object in a supported format; ${help}`;
  const known = UNSUPPORTED_EXPORTS.find(([, ...keys]) => keys.every((key) => Object.hasOwn(value, key)));
  if (known) return `${place} looks like ${known[0]}, which import does not support; ${help}`;
  const keys = Object.keys(value).slice(0, SHOWN).join(', ');
  return `${place} ${keys === '' ? 'is empty' : `has ${keys}`} and is none of episodes, mem0 and mcp-memory; ${help}`;
}
