/** Exports of other programs that import does not read, recognized by their content. */
const UNSUPPORTED_EXPORTS: readonly (readonly [name: string, ...keys: string[]])[] = [
  ['a conversation of ChatGPT', 'mapping', 'title'],
  ['a conversation of Claude', 'chat_messages'],
  ['an export of claude-mem', 'observations', 'totalObservations'],
  ['an export of supermemory', 'documents', 'exportedAt'],
];
const SHOWN = 5;

/** The reason why a value cannot be imported, with a way out. */
export function unsupportedReason(place: string, value: unknown): string {
  const help = 'write its texts as lines like {"content": "…", "reference_time": "2025-03-01"} and import those.';
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return `${place} is not a JSON object in a supported format; ${help}`;
  const known = UNSUPPORTED_EXPORTS.find(([, ...keys]) => keys.every((key) => Object.hasOwn(value, key)));
  if (known) return `${place} looks like ${known[0]}, which import does not support; ${help}`;
  const keys = Object.keys(value).slice(0, SHOWN).join(', ');
  return `${place} ${keys === '' ? 'is empty' : `has ${keys}`} and is none of episodes, mem0 and mcp-memory; ${help}`;
}
