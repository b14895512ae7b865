/**
 * Cuts a JSON document between the members of its outermost list or object, and of those that are too long themselves, so
 * that each part is a document of its own with the keys above it. Undefined when the text is no such document.
 */
export function splitJson(content: string, longest: number): string[] | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return isNested(value) ? partsOf(value, longest).map((part) => JSON.stringify(part)) : undefined;
  } catch {
    // No JSON, or nested deeper than the stack.
    return undefined;
  }
}

type Nested = readonly unknown[] | Record<string, unknown>;

function partsOf(value: Nested, longest: number): unknown[] {
  const isList = Array.isArray(value);
  const parts: unknown[] = [];
  let members: [string, unknown][] = [];
  let length = 0;
  const end = () => {
    if (members.length > 0) parts.push(isList ? members.map(([, member]) => member) : Object.fromEntries(members));
    members = [];
    length = 0;
  };
  for (const [key, member] of Object.entries(value)) {
    const needs = JSON.stringify(member).length + (isList ? 1 : key.length + 4);
    if (length + needs + 2 > longest) end();
    if (needs + 2 > longest && isNested(member)) {
      for (const part of partsOf(member, longest - key.length - 6)) parts.push(isList ? [part] : { [key]: part });
      continue;
    }
    members.push([key, member]);
    length += needs;
  }
  end();
  return parts;
}

function isNested(value: unknown): value is Nested {
  return value !== null && typeof value === 'object';
}
